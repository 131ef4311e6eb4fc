import Core
import HTTPServing
import TestSupport
import Testing

@Suite(.serialized) struct LifecycleTests {
    private static func start(_ server: HTTPServer) -> Task<Void, any Error> { Task { try await server.run() } }

    @Test func aResponseInFlightIsFinished() async throws {
        let gate = Locked(false)
        let started = Locked(false)
        let handler = AsyncHandler { _ in
            started.withLock { $0 = true }
            while !gate.current { try? await Task.sleep(for: .milliseconds(1)) }
            return .text(200, "finished")
        }
        var configuration = HTTPServer.Configuration(address: "127.0.0.1:0")
        configuration.gracePeriod = .seconds(60)
        let server = try HTTPServer(configuration: configuration, handler: handler)
        let running = Self.start(server)
        async let response = onThread {
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let response = try client.response()
            #expect(try client.receiveAll().isEmpty)
            return response
        }
        try await onThread {
            try eventually("request") { started.current }
            let silent = try RawClient(port: server.port)
            try eventually("two connections") { server.statistics.openConnections == 2 }
            running.cancel()
            // A connection without a request ends at once, and nothing new is accepted.
            #expect(try silent.receiveAll().isEmpty)
            try eventually("refused") { (try? RawClient(port: server.port)) == nil }
            gate.withLock { $0 = true }
        }
        let answer = try await response
        #expect(answer.text == "finished\n")
        #expect(answer.field("Connection") == "close")
        try await running.value
    }

    @Test func aStreamThatDoesNotEndIsCutAfterTheGracePeriod() async throws {
        let ended = Locked(false)
        let handler = ImmediateHandler { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    defer { ended.withLock { $0 = true } }
                    try await writer.write([1])
                    try await Task.sleep(for: .seconds(3600))
                })
        }
        var configuration = HTTPServer.Configuration(address: "127.0.0.1:0")
        configuration.gracePeriod = .milliseconds(100)
        let server = try HTTPServer(configuration: configuration, handler: handler)
        let running = Self.start(server)
        let client = try await onThread {
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try client.receive(until: "1\r\n")
            return Shared(client)
        }
        running.cancel()
        try await running.value
        try await onThread {
            let rest = try client.value.receiveAll()
            #expect(!rest.suffix(5).elementsEqual("0\r\n\r\n".utf8))
            try eventually("stream ended") { ended.current }
        }
        #expect(server.statistics.openConnections == 0)
    }

    private struct Shared: @unchecked Sendable {
        let value: RawClient
        init(_ value: RawClient) { self.value = value }
    }

    @Test func thePortIsFreeAfterwards() async throws {
        let port = try freePort()
        let first = try HTTPServer(configuration: .init(address: "127.0.0.1:\(port)"), handler: LimitTests.hello)
        let error = #expect(throws: HTTPServingError.self) {
            try HTTPServer(configuration: .init(address: "127.0.0.1:\(port)"), handler: LimitTests.hello)
        }
        #expect(error?.code == .bind)
        #expect(error?.message.contains("127.0.0.1:\(port)") == true)
        let running = Self.start(first)
        running.cancel()
        try await running.value
        // A program that another test starts in this moment holds every descriptor until it is replaced by its image.
        let second = try await eventually("the port is free") {
            try? HTTPServer(configuration: .init(address: "127.0.0.1:\(port)"), handler: LimitTests.hello)
        }
        #expect(second.port == port)
    }

    @Test func runsOnce() async throws {
        let server = try HTTPServer(configuration: .init(address: "127.0.0.1:0"), handler: LimitTests.hello)
        let running = Self.start(server)
        running.cancel()
        try await running.value
        await #expect(throws: HTTPServingError.self) { try await server.run() }
    }

    @Test(arguments: [
        "", "9090", "host", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[1:80", "[::1]", "[h]:80",
    ])
    func badAddressesAreRefused(address: String) {
        let error = #expect(throws: HTTPServingError.self) {
            try HTTPServer(configuration: .init(address: address), handler: LimitTests.hello)
        }
        #expect(error?.code == .address)
    }

    @Test func allInterfacesMeansBothFamilies() async throws {
        let peers = ImmediateHandler { .text(200, $0.peer) }
        try await withServer(peers) {
            $0.address = ":0"
        } _: { server in
            for isV6 in [false, true] {
                let client = try RawClient(port: server.port, v6: isV6)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try client.response().text.hasPrefix(isV6 ? "[::1]:" : "127.0.0.1:"))
            }
        }
        try await withServer(peers) {
            $0.address = "[::1]:0"
        } _: { server in
            #expect(throws: RawClient.Failure.self) { try RawClient(port: server.port) }
            let client = try RawClient(port: server.port, v6: true)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.response().status == 200)
        }
        try await withServer(peers) {
            $0.address = "localhost:0"
        } _: { server in
            #expect(server.port > 0)
        }
    }
}
