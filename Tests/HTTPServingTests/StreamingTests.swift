import Core
import HTTPServing
import Testing

@Suite(.serialized) struct StreamingTests {
    /// The buffer bounds what a slow client can make the server hold, whatever the response's length.
    @Test func memoryStaysFlatForASlowReader() async throws {
        let total = 500 << 20
        let chunk = [UInt8](repeating: 5, count: 65_536)
        let handler = ImmediateHandler { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    for _ in 0..<(total / chunk.count) { try await writer.write(chunk) }
                })
        }
        try await withServer(handler) {
            $0.streamBufferBytes = 200_000
        } _: { server in
            let client = try RawClient(port: server.port, receiveBuffer: 65_536)
            try client.send("GET / HTTP/1.0\r\n\r\n")
            _ = try client.receive(until: "\r\n\r\n")
            var count = 0
            while true {
                let read = try client.drop(upTo: 1 << 20)
                if read == 0 { break }
                count += read
            }
            #expect(count == total)
            #expect(server.statistics.peakBufferedStreamBytes >= chunk.count)
            #expect(server.statistics.peakBufferedStreamBytes <= 200_000 + chunk.count)
            #expect(server.statistics.bufferedStreamBytes == 0)
        }
    }

    /// Each write arrives although the next one is only made when it did.
    @Test func everyWriteLeavesAtOnce() async throws {
        let received = Locked(0)
        let handler = AsyncHandler { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    for index in 1...500 {
                        try await writer.write(Array("\(index)\n".utf8))
                        while received.current < index { try await Task.sleep(for: .microseconds(100)) }
                    }
                })
        }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.receive(until: "\r\n\r\n").contains("Transfer-Encoding: chunked\r\n"))
            for index in 1...500 {
                #expect(try client.chunk() == Array("\(index)\n".utf8))
                received.withLock { $0 = index }
            }
            #expect(try client.chunk() == nil)
        }
    }

    struct Broken: Error {}

    /// The client must be able to tell that content is missing.
    @Test(arguments: ["1.1", "1.0"]) func aFailedStreamHasNoEndMark(version: String) async throws {
        let handler = ImmediateHandler { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write(Array("half".utf8))
                    throw Broken()
                })
        }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/\(version)\r\nHost: h\r\n\r\n")
            let all = String(decoding: try client.receiveAll(), as: UTF8.self)
            #expect(all.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(!all.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func headRunsNoStream() async throws {
        let runs = Locked(0)
        let response = HTTPServerResponse(
            status: 200,
            body: .stream { writer in
                runs.withLock { $0 += 1 }
                try await writer.write([1])
            })
        struct Both: HTTPHandler {
            let response: HTTPServerResponse
            func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? {
                request.path == "/now" ? response : nil
            }
            func respond(to request: HTTPServerRequest) async -> HTTPServerResponse { response }
        }
        try await withServer(Both(response: response)) { server in
            let client = try RawClient(port: server.port)
            for path in ["/now", "/later", "/now"] {
                try client.send("HEAD \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try client.response(toHead: true).status == 200)
            }
        }
        #expect(runs.current == 0)
    }

    @Test func anAbandonedWriterKeepsThrowing() async throws {
        let errors = Locked(0)
        let handler = ImmediateHandler { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    for _ in 0..<1_000_000 {
                        do { try await writer.write([1, 2, 3]) } catch { errors.withLock { $0 += 1 } }
                        if errors.current >= 3 { return }
                    }
                })
        }
        try await withServer(handler) { server in
            let client = try RawClient(port: server.port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try client.receive(until: "\r\n\r\n")
            client.close()
            try eventually("errors") { errors.current >= 3 }
        }
    }
}
