import Core
import HTTPTransport

/// The harness's own HTTP client.
enum HTTPStand {
    static let client = CurlClient()

    /// The status of a GET; nil without an answer.
    static func status(_ url: String) async -> Int? {
        guard let response = try? await client.send(HTTPRequest(url: url)) else { return nil }
        _ = try? await response.body.collect(upTo: 1 << 20)
        return response.status
    }

    /// Sends a request and reads its answer.
    @discardableResult
    static func send(
        _ method: String, _ url: String, _ body: JSONValue? = nil, type: String = "application/json",
        limit: Int = 1 << 28
    ) async throws -> (status: Int, body: [UInt8]) {
        var request = HTTPRequest(method: method, url: url)
        if let body {
            request.headers["Content-Type"] = type
            request.body = .bytes(body.serialized())
        }
        let response = try await client.send(request)
        return (response.status, try await response.body.collect(upTo: limit))
    }

    /// Does something `count` times, at most `width` at a time.
    static func concurrently(_ count: Int, width: Int, _ body: @escaping @Sendable (Int) async throws -> Void)
        async throws
    {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<min(width, count) {
                group.addTask {
                    for index in stride(from: lane, to: count, by: width) { try await body(index) }
                }
            }
            try await group.waitForAll()
        }
    }
}
