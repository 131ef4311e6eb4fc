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
        let response: HTTPResponse
        do throws(HTTPTransportError) { response = try await http.send(request) } catch {
            guard error.remedy == .trustAuthority else { throw error }
            throw TUFMirrorError(description: "\(error); name a file with its CA in --sigstore-tuf-ca-file")
        }
        switch response.status {
        case 200: return try await response.body.collect(upTo: limit)
        // S3 answers 403 for a file that is not there and that nobody may list.
        case 403, 404: return nil
        default: throw TUFMirrorError(description: "\(base)/\(path) answered HTTP \(response.status)")
        }
    }
}

/// A mirror that does not answer as one.
struct TUFMirrorError: Error, CustomStringConvertible {
    let description: String
}
