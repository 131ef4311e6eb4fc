import Core
import HTTPServing
import TestSupport
import Testing

/// Clients that leave at the wrong moment. A broken socket raises SIGPIPE and frees the connection under whoever still
/// works for it, so mere survival is part of what is tested.
@Suite(.serialized) struct DisconnectTests {
    private struct Outcomes {
        var started = 0
        var ended = 0
        var errors: [String] = []
    }

    @Test(arguments: [false, true]) func aWaitingHandlerIsCancelled(reset: Bool) async throws {
        let outcomes = Locked(Outcomes())
        let handler = AsyncHandler { _ in
            outcomes.withLock { $0.started += 1 }
            try? await Task.sleep(for: .seconds(3600))
            outcomes.withLock { $0.ended += Task.isCancelled ? 1 : 0 }
            return .text(200, "too late")
        }
        try await withServer(handler) { server in
            for round in 1...20 {
                let client = try RawClient(port: server.port)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                try eventually("handler started") { outcomes.current.started == round }
                if reset { client.reset() } else { client.close() }
                try eventually("handler cancelled") { outcomes.current.ended == round }
            }
            try eventually("connections closed") { server.statistics.openConnections == 0 }
        }
    }

    /// A client that only stops sending (`nc -N`) still gets the answer to what it asked.
    @Test func aHalfClosedClientGetsItsAnswer() async throws {
        let handler = AsyncHandler { _ in
            try? await Task.sleep(for: .seconds(3600))
            return .text(200, "answer")
        }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            client.shutdownWriting()
            #expect(try client.response().text == "answer\n")
            #expect(try client.receiveAll().isEmpty)
        }
    }

    @Test(arguments: [false, true], [false, true]) func aStreamsWriterIsTold(reset: Bool, isAsync: Bool) async throws {
        let outcomes = Locked(Outcomes())
        let response = HTTPServerResponse(
            status: 200,
            body: .stream { writer in
                outcomes.withLock { $0.started += 1 }
                do {
                    while true { try await writer.write([UInt8](repeating: 1, count: 10_000)) }
                } catch {
                    outcomes.withLock {
                        $0.ended += 1
                        if !(error is CancellationError), (error as? HTTPServingError)?.code != .disconnected {
                            $0.errors.append("\(error)")
                        }
                    }
                    throw error
                }
            })
        let handler: any HTTPHandler = isAsync ? AsyncHandler { _ in response } : ImmediateHandler { _ in response }
        try await withServer(handler) { server in
            for round in 1...20 {
                let client = try RawClient(port: server.port)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                _ = try client.receive(exactly: round * 5000)
                if reset { client.reset() } else { client.close() }
                try eventually("writer told") { outcomes.current.ended == round }
            }
            try eventually("buffers empty") { server.statistics.bufferedStreamBytes == 0 }
            try eventually("connections closed") { server.statistics.openConnections == 0 }
        }
        #expect(outcomes.current.errors.isEmpty)
    }

    /// A watch that has nothing to say must notice too.
    @Test func aSilentStreamIsCancelled() async throws {
        let outcomes = Locked(Outcomes())
        let handler = ImmediateHandler { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write(Array("first\n".utf8))
                    defer { outcomes.withLock { $0.ended += 1 } }
                    try await Task.sleep(for: .seconds(3600))
                })
        }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try client.receive(until: "first\n")
            client.close()
            try eventually("stream cancelled") { outcomes.current.ended == 1 }
        }
    }

    @Test(arguments: [false, true]) func aFileIsLetGo(reset: Bool) async throws {
        let content = try TestFile([UInt8](repeating: 7, count: 8 << 20))
        let file = try ServedFile(path: content.path)
        let handler = ImmediateHandler { _ in HTTPServerResponse(status: 200, body: .file(file, range: nil)) }
        let observer = RecordingObserver()
        try await withServer(handler, observer: observer) { server in
            for round in 1...50 {
                let client = try RawClient(port: server.port)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                _ = try client.receive(exactly: round * 1000)
                if reset { client.reset() } else { client.close() }
            }
            try eventually("connections closed") { server.statistics.openConnections == 0 }
        }
        #expect(observer.state.current.incomplete == 50)
    }

    /// Many clients that leave at every moment.
    @Test func survivesAStampede() async throws {
        let content = try TestFile([UInt8](repeating: 7, count: 300_000))
        let file = try ServedFile(path: content.path)
        let handler = Mixed(file: file)
        try await withServer(handler) { server in
            var generator = SeededGenerator(8)
            var clients: [RawClient] = []
            for round in 0..<1500 {
                let client = try RawClient(port: server.port)
                let path = ["/file", "/stream", "/async", "/asyncstream", "/now"][round % 5]
                let request = Array("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
                let count = Int.random(in: 1...(request.count * 3), using: &generator)
                try client.send(Array(request.prefix(count)))
                if count >= request.count, count % 2 == 0 { _ = try client.receive(upTo: 1) }
                clients.append(client)
                if clients.count > 8 {
                    let leaving = clients.remove(at: Int.random(in: 0..<clients.count, using: &generator))
                    if Bool.random(using: &generator) { leaving.reset() } else { leaving.close() }
                }
            }
            for client in clients { client.close() }
            try eventually("connections closed") { server.statistics.openConnections == 0 }
            let client = try RawClient(port: server.port)
            try client.send("GET /now HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.response().status == 200)
            try eventually("buffers empty") { server.statistics.bufferedStreamBytes == 0 }
        }
    }

    struct Mixed: HTTPHandler {
        let file: ServedFile
        func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? {
            switch request.path {
            case "/file": HTTPServerResponse(status: 200, body: .file(file, range: nil))
            case "/stream": stream
            case "/now": .text(200, "now")
            default: nil
            }
        }
        func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
            for _ in 0..<Int.random(in: 0..<20) { await Task.yield() }
            return request.path == "/asyncstream" ? stream : .text(200, "async")
        }
        var stream: HTTPServerResponse {
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    for size in 1...200 { try await writer.write([UInt8](repeating: 1, count: size * 20)) }
                })
        }
    }
}

final class RecordingObserver: HTTPServerObserver {
    struct State {
        var opened = 0
        var closed = 0
        var refused = 0
        var complete: [Int: Int] = [:]
        var incomplete = 0
        var bytes: Int64 = 0
    }
    let state = Locked(State())

    func connectionOpened() { state.withLock { $0.opened += 1 } }
    func connectionClosed() { state.withLock { $0.closed += 1 } }
    func connectionRefused() { state.withLock { $0.refused += 1 } }
    func responseEnded(method: String, status: Int, bytes: Int64, complete: Bool) {
        state.withLock {
            if complete { $0.complete[status, default: 0] += 1 } else { $0.incomplete += 1 }
            $0.bytes += bytes
        }
    }
}
