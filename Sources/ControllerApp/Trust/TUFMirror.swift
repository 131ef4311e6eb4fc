internal import Core
internal import HTTPTransport
internal import Verification

/// A TUF repository's mirror over HTTPS.
struct TUFMirror: TUFFetching {
    let http: any HTTPClient
    /// Without a slash at the end.
    let base: String
    let connection: ConnectionPolicy

    func fetch(_ path: String, limit: Int) async throws -> [UInt8]? {
        var request = HTTPRequest(url: "\(base)/\(path)", connection: connection)
        request.deadline = .seconds(30)
        let response = try await http.send(request)
        switch response.status {
        case 200: return try await response.body.collect(upTo: limit)
        // S3 answers 403 for a file that is not there and that nobody may list.
        case 403, 404: return nil
        default: throw TUFMirrorError(base: base, path: path, status: response.status)
        }
    }
}

/// A mirror that does not answer as one.
struct TUFMirrorError: Error, CustomStringConvertible {
    let base: String
    let path: String
    let status: Int

    var description: String { "\(base)/\(path) answered HTTP \(status)" }
}
