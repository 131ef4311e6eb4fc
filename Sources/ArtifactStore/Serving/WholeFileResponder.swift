internal import Core
internal import HTTPServing

/// Answers with a whole file.
struct WholeFileResponder: Sendable {
    let file: ServedFile
    let headers: HTTPFields

    func respond(to request: HTTPServerRequest) -> HTTPServerResponse {
        if request.headers["If-None-Match"] == headers["ETag"] {
            return HTTPServerResponse(status: 304, headers: headers)
        }
        return HTTPServerResponse(status: 200, headers: headers, body: .file(file, range: nil))
    }
}
