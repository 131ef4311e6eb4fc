internal import Core

/// Sends requests to handlers by path, then method.
///
/// A pattern is a path (`/healthz`) or a prefix (`/apis/*`, which matches every path that starts with `/apis/`); the
/// exact path wins, then the longest prefix. Paths are compared as they came, percent-encoded. GET routes answer HEAD
/// too. An unknown path gets 404, an unknown method of a known path 405.
package struct Router: HTTPHandler {
    private struct Route: Sendable {
        let prefix: String
        var methods: [(method: String, handler: any HTTPHandler)]

        func handler(for method: String) -> (any HTTPHandler)? {
            if let entry = methods.first(where: { $0.method == method || $0.method == "*" }) { return entry.handler }
            return method == "HEAD" ? handler(for: "GET") : nil
        }

        var allow: String {
            let names = methods.map(\.method)
            return (names.contains("GET") && !names.contains("HEAD") ? names + ["HEAD"] : names).joined(separator: ", ")
        }
    }

    private enum Match {
        case handler(any HTTPHandler)
        case refusal(HTTPServerResponse)
    }

    private var exact: [String: Route] = [:]
    /// Longest first.
    private var prefixes: [Route] = []

    /// A router without routes.
    package init() {}

    /// Adds a route; `*` as method means every method. A later route for the same method and pattern has no effect.
    package mutating func on(_ method: String, _ pattern: String, _ handler: any HTTPHandler) {
        if pattern.hasSuffix("/*") {
            let prefix = String(pattern.dropLast())
            if let index = prefixes.firstIndex(where: { $0.prefix == prefix }) {
                prefixes[index].methods.append((method, handler))
            } else {
                prefixes.append(Route(prefix: prefix, methods: [(method, handler)]))
                prefixes.sort { $0.prefix.utf8.count > $1.prefix.utf8.count }
            }
        } else {
            exact[pattern, default: Route(prefix: pattern, methods: [])].methods.append((method, handler))
        }
    }

    /// Adds a route that is answered on the event thread.
    package mutating func on(
        _ method: String, _ pattern: String, _ body: @escaping @Sendable (HTTPServerRequest) -> HTTPServerResponse
    ) {
        on(method, pattern, ImmediateHandler(body))
    }

    package func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? {
        switch match(request) {
        case .handler(let handler): handler.respondImmediately(to: request)
        case .refusal(let response): response
        }
    }

    package func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        switch match(request) {
        case .handler(let handler): await handler.respond(to: request)
        case .refusal(let response): response
        }
    }

    private func match(_ request: HTTPServerRequest) -> Match {
        let path = request.path
        guard let route = exact[path] ?? prefixes.first(where: { path.utf8.starts(with: $0.prefix.utf8) }) else {
            return .refusal(.text(404, "404 page not found"))
        }
        if let handler = route.handler(for: request.method) { return .handler(handler) }
        return .refusal(.text(405, "method not allowed", headers: ["Allow": route.allow]))
    }
}
