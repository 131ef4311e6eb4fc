import Core
import HTTPServing
import Testing

@Suite(.serialized) struct LimitTests {
    static let stuck = AsyncHandler { _ in
        try? await Task.sleep(for: .seconds(3600))
        return .text(200, "late")
    }
    static let hello = ImmediateHandler { _ in .text(200, "hello") }

    /// One byte now and then does not keep a request alive.
    @Test func aTricklingHeadIsCut() async throws {
        try await withServer(Self.hello) {
            $0.headerTimeout = .milliseconds(300)
        } _: { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\nX: ")
            let deadline = ContinuousClock.now + .seconds(20)
            var sent = 0
            while server.statistics.openConnections > 0, ContinuousClock.now < deadline {
                do { try client.send("a") } catch { break }
                sent += 1
                if sent % 50 == 0 { try eventually("a moment") { true } }
            }
            #expect(ContinuousClock.now < deadline)
        }
    }

    @Test func aSilentHeadGets408() async throws {
        try await withServer(Self.hello) {
            $0.headerTimeout = .milliseconds(100)
        } _: { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HT")
            #expect(try client.response().status == 408)
            #expect(try client.receiveAll().isEmpty)
        }
    }

    @Test func aSilentBodyGets408() async throws {
        try await withServer(Self.hello) {
            $0.bodyTimeout = .milliseconds(100)
        } _: { server in
            let client = try RawClient(port: server.port)
            try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            #expect(try client.response().status == 408)
            #expect(try client.receiveAll().isEmpty)
        }
    }

    @Test func aConnectionWithoutARequestIsClosed() async throws {
        try await withServer(Self.hello) {
            $0.headerTimeout = .milliseconds(100)
        } _: { server in
            let client = try RawClient(port: server.port)
            #expect(try client.receiveAll().isEmpty)
        }
    }

    @Test func anIdleConnectionIsClosed() async throws {
        try await withServer(Self.hello) {
            $0.idleTimeout = .milliseconds(100)
        } _: { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.response().status == 200)
            #expect(try client.receiveAll().isEmpty)
        }
    }

    @Test(arguments: [false, true]) func aClientThatDoesNotReadIsCut(stream: Bool) async throws {
        let body = [UInt8](repeating: 1, count: 32 << 20)
        let handler = ImmediateHandler { _ in
            HTTPServerResponse(status: 200, body: stream ? .stream { try await $0.write(body) } : .bytes(body))
        }
        try await withServer(handler) {
            $0.writeTimeout = .milliseconds(200)
        } _: { server in
            let client = try RawClient(port: server.port, receiveBuffer: 4096)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try eventually("connected") { server.statistics.openConnections == 1 }
            try eventually("cut") { server.statistics.openConnections == 0 }
        }
    }

    /// A client that had to be waited for is not timed out later, when it is the server that has nothing to say: neither
    /// within a stream nor with the next request.
    @Test(arguments: [false, true]) func aSlowReaderIsForgivenOnceItHasRead(stream: Bool) async throws {
        let body = [UInt8](repeating: 1, count: 16 << 20)
        let gate = Locked(false)
        let handler = AsyncHandler { request in
            @Sendable func wait() async { while !gate.current { try? await Task.sleep(for: .milliseconds(1)) } }
            switch request.path {
            case "/stream":
                return HTTPServerResponse(
                    status: 200,
                    body: .stream { writer in
                        try await writer.write(body)
                        await wait()
                        try await writer.write([2])
                    })
            case "/late":
                await wait()
                return .text(200, "late")
            default: return HTTPServerResponse(status: 200, body: .bytes(body))
            }
        }
        try await withServer(handler) {
            $0.writeTimeout = .seconds(1)
            $0.threads = 1
        } _: { server in
            let client = try RawClient(port: server.port, receiveBuffer: 65_536)
            let paths = stream ? ["/stream"] : ["/", "/late"]
            for path in paths { try client.send("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n") }
            if stream {
                _ = try client.receive(until: "\r\n\r\n")
                #expect(try client.chunk()?.count == body.count)
            } else {
                #expect(try client.response().body.count == body.count)
            }
            // Another one that does not read at all says when the time would have been over.
            let stuck = try RawClient(port: server.port, receiveBuffer: 4096)
            try stuck.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try stuck.receive(until: "\r\n\r\n")
            try eventually("the other one is cut") { server.statistics.openConnections <= 1 }
            gate.withLock { $0 = true }
            if stream {
                #expect(try client.chunk() == [2])
                #expect(try client.chunk() == nil)
            } else {
                #expect(try client.response().text == "late\n")
            }
        }
    }

    /// Time spent by the handler is nobody's fault.
    @Test func aSlowHandlerIsNotTimedOut() async throws {
        let handler = AsyncHandler { _ in
            try? await Task.sleep(for: .milliseconds(500))
            return .text(200, "done")
        }
        try await withServer(handler) {
            $0.headerTimeout = .milliseconds(100)
            $0.idleTimeout = .milliseconds(100)
            $0.bodyTimeout = .milliseconds(100)
            $0.writeTimeout = .milliseconds(100)
        } _: { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.response().text == "done\n")
        }
    }

    @Test func furtherConnectionsGet503() async throws {
        let observer = RecordingObserver()
        try await withServer(Self.hello, observer: observer) {
            $0.maxConnections = 3
        } _: { server in
            var clients: [RawClient] = []
            for _ in 0..<3 {
                let client = try RawClient(port: server.port)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try client.response().status == 200)
                clients.append(client)
            }
            let refused = try RawClient(port: server.port)
            #expect(try refused.response().status == 503)
            #expect(try refused.receiveAll().isEmpty)
            clients.removeLast().close()
            try eventually("room") { server.statistics.openConnections == 2 }
            let next = try RawClient(port: server.port)
            try next.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try next.response().status == 200)
        }
        #expect(observer.state.current.refused == 1)
        #expect(observer.state.current.opened == 4)
        #expect(observer.state.current.closed == 4)
        #expect(observer.state.current.complete == [200: 4])
    }

    /// What a client sends ahead of its turn does not pile up.
    @Test func pipelinedBytesAreBounded() async throws {
        try await withServer(Self.stuck) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let block = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
            // The kernel's buffers take a few megabytes; then nothing moves any more.
            #expect(throws: RawClient.Failure.self) {
                try client.setSendTimeout(milliseconds: 300)
                for _ in 0..<64 { try client.send(block) }
            }
        }
    }

    @Test func aRefusedBodyDoesNotHideTheAnswer() async throws {
        try await withServer(Self.hello) {
            $0.maxBodyBytes = 10
        } _: { server in
            for _ in 0..<20 {
                let client = try RawClient(port: server.port)
                try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
                try client.send([UInt8](repeating: 1, count: 1_000_000))
                #expect(try client.response().status == 413)
            }
        }
    }
}
