package import Core
package import HTTPTransport
package import Verification

/// Asks responders and list servers that certificates name about revocation, and keeps what was judged valid.
///
/// What is kept is judged again at every use, so that it can never vouch for more than an answer from the network. It is
/// given again only to those who go the same way: whoever owns a proxy could otherwise have old answers, or another issuer's
/// list, kept for everybody.
package final class RevocationClient: Sendable {
    /// Which answers are the same; how long somebody is ready to wait for one plays no part.
    private struct Question: Hashable {
        let kind: RevocationRequest.Kind
        let url: String
        let body: [UInt8]?
        let limit: Int
        let connection: ConnectionPolicy

        init(_ request: RevocationRequest, _ connection: ConnectionPolicy) {
            kind = request.kind
            url = request.url
            body = request.body
            limit = request.limit
            self.connection = connection
        }
    }

    private struct Entry: Sendable {
        let answer: [UInt8]
        let until: Timestamp
    }

    /// Answers kept: in number, in bytes together, and how long at most. Servers choose their answers' sizes and lifetimes;
    /// none may use up what others need.
    private static let maximumEntries = 256
    private static let maximumBytes = 16 << 20
    private static let maximumAge = Duration.seconds(24 * 3600)

    private let http: any HTTPClient
    private let time: any TimeSource
    private let entries = Locked<[Question: Entry]>([:])

    /// A client that sends through `http`, without credentials and without following redirects.
    package init(http: any HTTPClient, time: any TimeSource = SystemTime()) {
        self.http = http
        self.time = time
    }

    /// Asks over connections of `policy`.
    package func fetching(over policy: ConnectionPolicy) -> any RevocationFetching {
        Way(client: self, connection: policy)
    }

    private struct Way: RevocationFetching {
        let client: RevocationClient
        let connection: ConnectionPolicy

        func fetch(_ request: RevocationRequest) async throws -> [UInt8] {
            try await client.fetch(request, connection)
        }

        func retain(_ answer: [UInt8], for request: RevocationRequest, until time: Timestamp) {
            client.retain(answer, Question(request, connection), until: time)
        }
    }

    private func fetch(_ request: RevocationRequest, _ connection: ConnectionPolicy) async throws -> [UInt8] {
        let now = time.now
        let question = Question(request, connection)
        if let entry = entries.withLock({ $0[question] }), now < entry.until { return entry.answer }
        guard request.url.hasPrefix("http://") else {
            throw RevocationProblem("'\(RemoteText.printable(request.url, limit: 200))' is no http URL")
        }
        var exchange = HTTPRequest(url: request.url, connection: connection)
        exchange.deadline = request.timeout
        if let body = request.body {
            exchange.method = "POST"
            exchange.headers["Content-Type"] = "application/ocsp-request"
            exchange.body = .bytes(body)
        }
        let response = try await http.send(exchange)
        guard response.status == 200 else {
            throw RevocationProblem(
                "'\(RemoteText.printable(request.url, limit: 200))' answered HTTP \(response.status)")
        }
        return try await response.body.collect(upTo: request.limit)
    }

    private func retain(_ answer: [UInt8], _ question: Question, until time: Timestamp) {
        guard answer.count <= Self.maximumBytes / 8 else { return }
        let now = self.time.now
        entries.withLock { entries in
            entries[question] = nil
            entries = entries.filter { now < $0.value.until }
            while entries.count >= Self.maximumEntries
                || entries.values.reduce(answer.count, { $0 + $1.answer.count }) > Self.maximumBytes,
                let first = entries.min(by: { $0.value.until < $1.value.until })
            {
                entries[first.key] = nil
            }
            entries[question] = Entry(answer: answer, until: min(time, now + Self.maximumAge))
        }
    }
}

/// Why nothing could be learned about a revocation.
package struct RevocationProblem: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
