import Core
import HTTPTransport
import TestSupport
import Testing

@Suite struct UploadTests {
    let client = CurlClient()

    struct Broken: Error {}

    static func stream(_ chunks: [[UInt8]], failing: Bool = false) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish(throwing: failing ? Broken() : nil)
        }
    }

    /// Answers with the request's head and content.
    static func echo() throws -> RawServer {
        try RawServer { connection in
            while true {
                let head = try connection.readHead()
                let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                let content: [UInt8]
                if head.contains("Transfer-Encoding: chunked") {
                    content = try connection.readChunked()
                } else {
                    content = try connection.read(length.flatMap { Int($0.dropFirst(16)) } ?? 0)
                }
                try connection.write(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(head.utf8.count + content.count)\r\n\r\n" + head)
                try connection.write(content)
            }
        }
    }

    func exchange(_ request: HTTPRequest) async throws -> (head: String, content: [UInt8]) {
        let bytes = try await client.send(request).body.collect(upTo: 64 << 20)
        let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
        return (String(decoding: bytes[..<end.upperBound], as: UTF8.self), Array(bytes[end.upperBound...]))
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE", "GET"]) func sendsBytes(_ method: String) async throws {
        let server = try Self.echo()
        let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let (head, got) = try await exchange(HTTPRequest(method: method, url: server.url(), body: .bytes(content)))
        #expect(head.hasPrefix("\(method) / HTTP/1.1\r\n"))
        #expect(head.contains("Content-Length: 200000\r\n"))
        #expect(!head.contains("Expect"))
        #expect(got == content)
    }

    @Test(arguments: [("POST", true), ("PUT", true), ("PATCH", true), ("DELETE", false), ("GET", false)])
    func noBody(_ method: String, saysLength: Bool) async throws {
        let server = try Self.echo()
        let (head, _) = try await exchange(HTTPRequest(method: method, url: server.url()))
        #expect(head.contains("Content-Length: 0\r\n") == saysLength)
        #expect(!head.contains("chunked"))
    }

    @Test func headHasNoBody() async throws {
        let server = try RawServer { connection in
            while true {
                #expect(try connection.readHead().hasPrefix("HEAD / "))
                try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            }
        }
        for _ in 0..<2 {
            let response = try await client.send(HTTPRequest(method: "HEAD", url: server.url()))
            #expect(response.headers["content-length"] == "1000")
            #expect(try await response.body.collect(upTo: 0).isEmpty)
        }
        #expect(server.connections == 1)
    }

    @Test(arguments: [nil, Int64(300_000)]) func streams(_ length: Int64?) async throws {
        let server = try Self.echo()
        let chunks = (0..<3).map { [UInt8](repeating: UInt8($0), count: 100_000) }
        let (head, got) = try await exchange(
            HTTPRequest(method: "PUT", url: server.url(), body: .stream(length: length, Self.stream(chunks))))
        #expect(head.contains("Content-Length: 300000\r\n") == (length != nil))
        #expect(head.contains("Transfer-Encoding: chunked\r\n") == (length == nil))
        #expect(got == Array(chunks.joined()))
    }

    @Test func givenLengthsAreIgnored() async throws {
        let server = try Self.echo()
        let (head, got) = try await exchange(
            HTTPRequest(
                method: "POST", url: server.url(),
                headers: ["Content-Length": "1", "Transfer-Encoding": "chunked", "Expect": "100-continue"],
                body: .bytes([1, 2, 3])))
        #expect(head.contains("Content-Length: 3\r\n"))
        #expect(!head.contains("chunked"))
        #expect(got == [1, 2, 3])
    }

    @Test(arguments: [(Int64(10), "not 10"), (Int64(3), "not 3")]) func wrongLengthFails(
        _ length: Int64, _ message: String
    ) async throws {
        let received = Locked<[UInt8]>([])
        let server = try RawServer { connection in
            _ = try connection.readHead()
            let rest = connection.readToEnd()
            received.withLock { $0 = rest }
        }
        let request = HTTPRequest(
            method: "PUT", url: server.url(), body: .stream(length: length, Self.stream([[1, 2], [3, 4, 5]])))
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request) }
        #expect(error?.code == .upload)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(received.current.count <= length)
    }

    @Test(arguments: [nil, Int64(10)]) func brokenSourceFails(_ length: Int64?) async throws {
        let server = try RawServer { connection in _ = connection.readToEnd() }
        let request = HTTPRequest(
            method: "PUT", url: server.url(), body: .stream(length: length, Self.stream([[1, 2]], failing: true)))
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request) }
        #expect(error?.code == .upload)
        #expect(error?.underlying is Broken)
        #expect(error?.isRetryable == false)
    }

    /// Gives blocks for ever and counts them.
    struct Endless: AsyncSequence, Sendable {
        let given: Locked<Int>

        struct AsyncIterator: AsyncIteratorProtocol {
            let given: Locked<Int>
            func next() async throws -> [UInt8]? {
                given.withLock { $0 += 1 << 16 }
                return [UInt8](repeating: 1, count: 1 << 16)
            }
        }
        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(given: given) }
    }

    @Test func aBusyServerHoldsTheSourceBack() async throws {
        let isDone = Locked(false)
        let given = Locked(0)
        let server = try RawServer { connection in
            _ = try connection.readHead()
            // Reads nothing until the source stands still.
            var last = -1
            while last != given.current {
                last = given.current
                connection.pause(milliseconds: 300)
            }
            isDone.withLock { $0 = true }
            try connection.respond("413 Too Large")
        }
        let request = HTTPRequest(method: "PUT", url: server.url(), body: .stream(length: nil, Endless(given: given)))
        // The server's reset may overtake its answer.
        let status = try? await client.send(request).status
        #expect(status == 413 || status == nil)
        #expect(isDone.current)
        #expect(given.current < 32 << 20)
        try await eventually { client.statistics.activeTransfers == 0 }
    }

    @Test func aSourceThatWaitsIsWaitedFor() async throws {
        let server = try Self.echo()
        let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let request = HTTPRequest(method: "PUT", url: server.url(), body: .stream(length: nil, stream))
        async let answer = exchange(request)
        for index in 0..<10 {
            try await Task.sleep(for: .milliseconds(5))
            continuation.yield([UInt8(index)])
        }
        continuation.finish()
        #expect(try await answer.content == Array(0..<10))
    }

    @Test func aResponseBodyCanBeARequestBody() async throws {
        let server = try Self.echo()
        let content = [UInt8](repeating: 9, count: 3_000_000)
        let source = try await client.send(HTTPRequest(method: "PUT", url: server.url(), body: .bytes(content))).body
        let response = try await client.send(
            HTTPRequest(method: "PUT", url: server.url(), body: .stream(length: nil, source)))
        #expect(try await response.body.collect(upTo: 4_000_000).suffix(content.count) == content[...])
    }

    @Test func aStaleConnectionIsReplaced() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            let body = try connection.read(3)
            try connection.respond(body: String(decoding: body, as: UTF8.self))
            // Closed without notice: the client finds out when it uses the connection again.
        }
        for _ in 0..<5 {
            let response = try await client.send(
                HTTPRequest(method: "POST", url: server.url(), body: .bytes([65, 66, 67])))
            #expect(try await response.body.collect(upTo: 3) == [65, 66, 67])
        }
    }
}
