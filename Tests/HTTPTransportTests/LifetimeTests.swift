import Core
import HTTPTransport
import Synchronization
import TestSupport
import Testing

/// Time limits, cancellation, back-pressure, and what is left behind.
@Suite struct LifetimeTests {
    let client = CurlClient()

    /// Never answers; `left` becomes true when the client closes the connection.
    final class Silent: Sendable {
        let left = Locked(false)
        let asked = Locked(false)
    }

    func silentServer(_ state: Silent, answer: String = "") throws -> RawServer {
        try RawServer { connection in
            _ = try connection.readHead()
            if !answer.isEmpty { try connection.write(answer) }
            state.asked.withLock { $0 = true }
            _ = connection.readToEnd()
            state.left.withLock { $0 = true }
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"]) func deadlineEndsTheExchange(
        _ answer: String
    ) async throws {
        let state = Silent()
        let server = try silentServer(state, answer: answer)
        var request = HTTPRequest(url: server.url())
        request.deadline = .milliseconds(100)
        let error = await #expect(throws: HTTPTransportError.self) {
            _ = try await client.send(request).body.collect(upTo: 10)
        }
        #expect(error?.code == .timeout)
        #expect(error?.isRetryable == true)
        #expect(error?.message.contains("did not end within 100 ms") == true)
        try await eventually { state.left.current }
        #expect(client.statistics.activeTransfers == 0)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"]) func idleTimeoutEndsTheExchange(
        _ answer: String
    ) async throws {
        let state = Silent()
        let server = try silentServer(state, answer: answer)
        var request = HTTPRequest(url: server.url())
        request.idleTimeout = .milliseconds(100)
        let error = await #expect(throws: HTTPTransportError.self) {
            _ = try await client.send(request).body.collect(upTo: 10)
        }
        #expect(error?.code == .timeout)
        #expect(error?.message.contains("sent nothing for 100 ms") == true)
        try await eventually { state.left.current }
    }

    @Test func bytesKeepAnExchangeAlive() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n")
            for _ in 0..<30 {
                try connection.write("x")
                connection.pause(milliseconds: 20)
            }
        }
        var request = HTTPRequest(url: server.url())
        // Far less than the whole takes, far more than two bytes are apart.
        request.idleTimeout = .milliseconds(400)
        #expect(try await client.send(request).body.collect(upTo: 30).count == 30)
    }

    @Test func aLimitedRateHoldsATransferBack() async throws {
        let web = try await WebServer()
        var request = HTTPRequest(url: "http://127.0.0.1:\(web.plainPort)/big")
        request.connection.version = .http1
        request.maximumReceiveRate = 1024
        let received = Locked(0)
        let body = try await client.send(request).body
        let reading = Task {
            for try await chunk in body { received.withLock { $0 += chunk.count } }
        }
        defer { reading.cancel() }
        try await eventually("the first bytes") { received.current > 0 }
        // Four times the same without a limit: so much time would do for the whole.
        request.maximumReceiveRate = nil
        for _ in 0..<4 { #expect(try await client.send(request).body.collect(upTo: 64 << 20).count == 64 << 20) }
        #expect(received.current < 4 << 20)
    }

    @Test func aSlowConsumerIsNoIdlePeer() async throws {
        let isStuck = Locked(false)
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n")
            for _ in 0..<200 {
                // Nothing is taken for longer than the idle timeout, so that it has its chance to strike wrongly.
                if !connection.isWritable(within: 300) { isStuck.withLock { $0 = true } }
                try connection.write([UInt8](repeating: 7, count: 100_000))
            }
            _ = connection.readToEnd()
        }
        var request = HTTPRequest(url: server.url())
        request.idleTimeout = .milliseconds(100)
        let body = try await client.send(request).body
        var iterator = body.makeAsyncIterator()
        var count = try await iterator.next()?.count ?? 0
        try await eventually("a server that waits for its client") { isStuck.current }
        while let chunk = try await iterator.next() { count += chunk.count }
        #expect(count == 20_000_000)
    }

    @Test func connectTimeoutCoversTheTLSHandshake() async throws {
        let server = try RawServer { connection in _ = connection.readToEnd() }
        var request = HTTPRequest(url: "https://127.0.0.1:\(server.port)/")
        request.connectTimeout = .milliseconds(100)
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request) }
        #expect(error?.code == .timeout)
        #expect(error?.message == "could not connect to 127.0.0.1:\(server.port) within 100 ms")
    }

    @Test func cancellingTheTaskFreesTheTransfer() async throws {
        let state = Silent()
        let server = try silentServer(state)
        let request = HTTPRequest(url: server.url())
        let task = Task { [client] in try await client.send(request) }
        try await eventually { state.asked.current }
        task.cancel()
        let error = await #expect(throws: HTTPTransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await eventually { state.left.current && client.statistics.activeTransfers == 0 }
        #expect(client.statistics.openConnections.isEmpty)
    }

    @Test func cancelledTasksSendNothing() async throws {
        let server = try RawServer { connection in _ = connection.readToEnd() }
        let request = HTTPRequest(url: server.url())
        let task = Task { [client] in
            try? await Task.sleep(for: .seconds(60))
            return try await client.send(request)
        }
        task.cancel()
        let error = await #expect(throws: HTTPTransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(client.statistics.transfersStarted == 0)
    }

    @Test func cancellingWhileReadingTheBodyFreesTheTransfer() async throws {
        let state = Silent()
        let server = try silentServer(state, answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
        let request = HTTPRequest(url: server.url())
        let got = Locked(0)
        let task = Task { [client] in
            for try await chunk in try await client.send(request).body { got.withLock { $0 += chunk.count } }
        }
        try await eventually { got.current == 2 }
        task.cancel()
        let error = await #expect(throws: HTTPTransportError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await eventually { state.left.current }
    }

    @Test func droppingTheBodyFreesTheTransfer() async throws {
        let state = Silent()
        let server = try silentServer(state, answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
        _ = try await client.send(HTTPRequest(url: server.url())).status
        try await eventually { state.left.current && client.statistics.activeTransfers == 0 }
    }

    @Test func leavingTheLoopFreesTheTransfer() async throws {
        let state = Silent()
        let server = try silentServer(state, answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
        for try await _ in try await client.send(HTTPRequest(url: server.url())).body { break }
        try await eventually { state.left.current && client.statistics.activeTransfers == 0 }
    }

    @Test func aBusyConsumerHoldsTheServerBack() async throws {
        let total = 64 << 20
        let sent = Locked(0)
        let isBlocked = Locked(false)
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let block = [UInt8](repeating: 7, count: 1 << 16)
            while sent.current < total {
                while !connection.isWritable(within: 300) { isBlocked.withLock { $0 = true } }
                try connection.write(block)
                sent.withLock { $0 += block.count }
            }
            _ = connection.readToEnd()
        }
        let body = try await client.send(HTTPRequest(url: server.url())).body
        var iterator = body.makeAsyncIterator()
        var count = try await iterator.next()?.count ?? 0
        try await eventually { isBlocked.current || sent.current == total }
        // What is under way is in the kernel's buffers, not in ours.
        #expect(sent.current < total / 2)
        while let chunk = try await iterator.next() { count += chunk.count }
        #expect(count == total)
    }

    @Test func shutdownFailsWhatIsUnderWayAndWhatComesLater() async throws {
        let state = Silent()
        let server = try silentServer(state)
        let request = HTTPRequest(url: server.url())
        let task = Task { [client] in try await client.send(request) }
        try await eventually { state.asked.current }
        await client.shutdown()
        await client.shutdown()
        var error = await #expect(throws: HTTPTransportError.self) { try await task.value }
        #expect(error?.code == .shutdown)
        error = await #expect(throws: HTTPTransportError.self) { try await client.send(request) }
        #expect(error?.code == .shutdown)
        try await eventually { state.left.current }
        #expect(client.statistics.openConnections.isEmpty)
        #expect(client.statistics.pools == 0)
    }

    @Test func manyCancellationsLeaveNothing() async throws {
        let server = try RawServer { connection in
            while true {
                _ = try connection.readHead()
                try connection.respond(body: String(repeating: "x", count: 100_000))
            }
        }
        let request = HTTPRequest(url: server.url())
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<300 {
                group.addTask { [client] in
                    let task = Task {
                        let response = try await client.send(request)
                        if index % 3 == 0 { _ = try await response.body.collect(upTo: 100_000) }
                    }
                    for _ in 0..<(index % 7) { await Task.yield() }
                    if index % 2 == 0 { task.cancel() }
                    _ = await task.result
                }
            }
        }
        try await eventually { client.statistics.activeTransfers == 0 && client.statistics.queuedTransfers == 0 }
        let response = try await client.send(request)
        #expect(try await response.body.collect(upTo: 100_000).count == 100_000)
    }
}
