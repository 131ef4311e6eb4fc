/// Answers requests.
package protocol HTTPHandler: Sendable {
    /// Called on the event thread, so it must never block: answers what needs no waiting; nil asks for `respond`.
    func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse?

    /// Called in a task of its own, which is cancelled when the client leaves.
    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse
}

extension HTTPHandler {
    package func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? { nil }
}

/// A handler that always answers on the event thread.
package struct ImmediateHandler: HTTPHandler {
    private let body: @Sendable (HTTPServerRequest) -> HTTPServerResponse

    /// Answers with what `body` returns; `body` must not block.
    package init(_ body: @escaping @Sendable (HTTPServerRequest) -> HTTPServerResponse) {
        self.body = body
    }

    package func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? { body(request) }
    package func respond(to request: HTTPServerRequest) async -> HTTPServerResponse { body(request) }
}

/// A handler that always answers from a task.
package struct AsyncHandler: HTTPHandler {
    private let body: @Sendable (HTTPServerRequest) async -> HTTPServerResponse

    /// Answers with what `body` returns.
    package init(_ body: @escaping @Sendable (HTTPServerRequest) async -> HTTPServerResponse) {
        self.body = body
    }

    package func respond(to request: HTTPServerRequest) async -> HTTPServerResponse { await body(request) }
}
