internal import Core
internal import HTTPTransport
internal import Verification

/// Asks about the revocation of certificates, for one verification: nothing is kept.
struct RevocationQueries: RevocationFetching {
    let http: any HTTPClient
    let connection: ConnectionPolicy

    func fetch(_ request: RevocationRequest) async throws -> [UInt8] {
        let shown = RemoteText.printable(request.url, limit: 200)
        guard request.url.utf8.starts(with: "http://".utf8) else { throw CommandFailure("'\(shown)' is no http URL") }
        var exchange = HTTPRequest(url: request.url, connection: connection)
        exchange.deadline = request.timeout
        if let body = request.body {
            exchange.method = "POST"
            exchange.headers["Content-Type"] = "application/ocsp-request"
            exchange.body = .bytes(body)
        }
        let response = try await http.send(exchange)
        guard response.status == 200 else { throw CommandFailure("'\(shown)' answered HTTP \(response.status)") }
        return try await response.body.collect(upTo: request.limit)
    }
}
