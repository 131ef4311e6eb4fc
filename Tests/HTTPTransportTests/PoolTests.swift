import Core
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// Which connections there are, how many, and for how long.
@Suite struct PoolTests {
    /// Answers every request with the number of its connection; `gate` holds answers back.
    static func server(gate: Locked<Bool> = Locked(true), running: Locked<Int> = Locked(0)) throws -> RawServer {
        let numbers = Locked(0)
        return try RawServer { connection in
            let number = numbers.withLock { count in
                count += 1
                return count
            }
            while true {
                _ = try connection.readHead()
                running.withLock { $0 += 1 }
                while !gate.current { connection.pause(milliseconds: 2) }
                running.withLock { $0 -= 1 }
                try connection.respond(body: "\(number)")
            }
        }
    }

    @Test func policiesDoNotShareConnections() async throws {
        let server = try Self.server()
        let client = CurlClient()
        let policies = [
            ConnectionPolicy(), ConnectionPolicy(dedicatedPool: "lease"),
            ConnectionPolicy(tls: TLSPolicy(verification: .none)),
            ConnectionPolicy(tls: TLSPolicy(additionalRoots: [1])),
            ConnectionPolicy(tls: TLSPolicy(additionalRoots: [2])), ConnectionPolicy(tls: TLSPolicy(serverName: "x")),
            ConnectionPolicy(version: .http1), ConnectionPolicy(unacknowledgedTimeout: nil),
        ]
        var first: [String] = []
        for policy in policies {
            first.append(try await client.text(HTTPRequest(url: server.url(), connection: policy)))
        }
        #expect(Set(first).count == policies.count)
        for (policy, number) in zip(policies, first) {
            #expect(try await client.text(HTTPRequest(url: server.url(), connection: policy)) == number)
        }
        #expect(client.statistics.pools == policies.count)
        #expect(client.statistics.connectionsMade == policies.count)
    }

    @Test func transfersPerHostAreBounded() async throws {
        let gate = Locked(false)
        let running = Locked(0)
        let server = try Self.server(gate: gate, running: running)
        var configuration = CurlClient.Configuration()
        configuration.maximumTransfersPerHost = 3
        let client = CurlClient(configuration: configuration)
        let request = HTTPRequest(url: server.url())
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<10 { group.addTask { try await client.text(request) } }
            try await eventually { client.statistics.queuedTransfers == 7 && running.current == 3 }
            #expect(client.statistics.activeTransfers == 3)
            // Who waits can give up, by time or by cancellation.
            var impatient = request
            impatient.deadline = .milliseconds(50)
            let error = await #expect(throws: HTTPTransportError.self) { try await client.send(impatient) }
            #expect(error?.code == .timeout)
            #expect(error?.message.contains("waited for a free connection") == true)
            // Another host has its own turn.
            let other = try Self.server()
            #expect(try await client.text(HTTPRequest(url: other.url())) == "1")
            gate.withLock { $0 = true }
            try await group.waitForAll()
        }
        #expect(server.connections == 3)
    }

    @Test func transfersAreBounded() async throws {
        let gate = Locked(false)
        let servers = try (0..<4).map { _ in try Self.server(gate: gate) }
        var configuration = CurlClient.Configuration()
        configuration.maximumTransfers = 2
        let client = CurlClient(configuration: configuration)
        try await withThrowingTaskGroup(of: String.self) { group in
            for server in servers { group.addTask { try await client.text(HTTPRequest(url: server.url())) } }
            try await eventually { client.statistics.queuedTransfers == 2 }
            #expect(client.statistics.activeTransfers == 2)
            gate.withLock { $0 = true }
            try await group.waitForAll()
        }
    }

    @Test func unusedPoolsAreClosed() async throws {
        let server = try Self.server()
        var configuration = CurlClient.Configuration()
        configuration.idleConnectionLifetime = .milliseconds(50)
        let client = CurlClient(configuration: configuration)
        #expect(try await client.text(HTTPRequest(url: server.url())) == "1")
        try await eventually { client.statistics.pools == 0 && client.statistics.openConnections.isEmpty }
        #expect(try await client.text(HTTPRequest(url: server.url())) == "2")
    }

    @Test func poolsAreBoundedOldestFirst() async throws {
        let server = try Self.server()
        var configuration = CurlClient.Configuration()
        configuration.maximumPools = 2
        let client = CurlClient(configuration: configuration)
        func text(_ name: String) async throws -> String {
            try await client.text(HTTPRequest(url: server.url(), connection: ConnectionPolicy(dedicatedPool: name)))
        }
        #expect(try await text("a") == "1")
        #expect(try await text("b") == "2")
        #expect(try await text("a") == "1")
        #expect(try await text("c") == "3")
        #expect(client.statistics.pools == 2)
        #expect(try await text("a") == "1")
        #expect(try await text("b") == "4")
    }

    @Test func anIdleClientDoesNotWake() async throws {
        let server = try Self.server()
        let client = CurlClient()
        #expect(try await client.text(HTTPRequest(url: server.url())) == "1")
        // Only the idle connection's end is waited for.
        try await eventually("a long sleep") {
            let statistics = client.statistics
            return statistics.activeTransfers == 0 && statistics.longestSleep ?? .seconds(3600) > .seconds(30)
        }
    }

    @Test func aWaitingWatchDoesNotWake() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
            _ = connection.readToEnd()
        }
        // The server ends with its value, which is otherwise not used after its address was asked for.
        defer { withExtendedLifetime(server) {} }
        let client = CurlClient()
        var request = HTTPRequest(url: server.url())
        request.idleTimeout = .seconds(60)
        let body = try await client.send(request).body
        var iterator = body.makeAsyncIterator()
        #expect(try await iterator.next() == [97])
        try await eventually("a sleep until the watch is too silent") {
            client.statistics.longestSleep ?? .seconds(3600) > .seconds(30)
        }
    }

    @Test(arguments: [(Duration.seconds(30), UInt32(30_000)), (.milliseconds(1500), 1500), (nil, 0)])
    func deadPeersAreNoticed(_ limit: Duration?, _ expected: UInt32) async throws {
        let server = try Self.server()
        let client = CurlClient()
        let policy = ConnectionPolicy(unacknowledgedTimeout: limit)
        #expect(try await client.text(HTTPRequest(url: server.url(), connection: policy)) == "1")
        #expect(
            SocketOptions.ofConnection(toPort: server.port)
                == SocketOptions(userTimeout: expected, isKeptAlive: true, isImmediate: true))
    }
}

/// What is set on this process' own socket to a port.
struct SocketOptions: Equatable {
    var userTimeout: UInt32
    var isKeptAlive: Bool
    var isImmediate: Bool

    static func ofConnection(toPort port: Int) -> SocketOptions? {
        for descriptor in Int32(3)..<1024 {
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe getpeername(descriptor, $0, &length)
                }
            }
            guard code == 0, address.sin_family == sa_family_t(AF_INET), address.sin_port == UInt16(port).bigEndian
            else {
                continue
            }
            func option(_ level: Int32, _ name: Int32) -> UInt32 {
                var value: UInt32 = 0
                var size = socklen_t(4)
                unsafe getsockopt(descriptor, level, name, &value, &size)
                return value
            }
            return SocketOptions(
                userTimeout: option(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT),
                isKeptAlive: option(SOL_SOCKET, SO_KEEPALIVE) != 0,
                isImmediate: option(Int32(IPPROTO_TCP), TCP_NODELAY) != 0)
        }
        return nil
    }
}
