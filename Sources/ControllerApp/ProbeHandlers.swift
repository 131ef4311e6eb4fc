internal import Core
internal import HTTPServing

/// `/healthz` and `/readyz`, as kubelets and people ask them; `?verbose` lists what was checked.
struct HealthHandler: HTTPHandler {
    /// One thing that has to be true.
    struct Check: Sendable {
        let name: String
        /// nil when it holds, else what is missing.
        let problem: @Sendable () -> String?

        /// A check that fails only for what lasts.
        static func lasting(
            _ name: String, time: any TimeSource, problem: @escaping @Sendable () -> String?
        ) -> Check {
            let lasting = LastingProblem(time: time, problem)
            return Check(name: name) { lasting.current }
        }
    }

    /// What `/healthz` looks at: what only a new process mends, and nothing that is outside of this one.
    let liveness: [Check]
    let readiness: [Check]
    /// What `/readyz?verbose` tells besides: it never decides.
    let notes: @Sendable () -> [String]

    func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? {
        guard ["GET", "HEAD"].contains(request.method) else {
            return Self.text("method not allowed\n", status: 405)
        }
        switch request.path {
        case "/healthz": return report(liveness, notes: [], request)
        case "/readyz": return report(readiness, notes: notes(), request)
        default: return Self.text("not found\n", status: 404)
        }
    }

    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        Self.text("not found\n", status: 404)
    }

    private func report(_ checks: [Check], notes: [String], _ request: HTTPServerRequest) -> HTTPServerResponse {
        let results = checks.map { (name: $0.name, problem: $0.problem()) }
        let isGood = results.allSatisfy { $0.problem == nil }
        guard request.query?.split(separator: "&").contains("verbose") == true || !isGood else {
            return Self.text("ok", status: 200)
        }
        let lines = results.map { $0.problem == nil ? "[+]\($0.name) ok\n" : "[-]\($0.name): \($0.problem ?? "")\n" }
        let told = notes.map { "[i]\($0)\n" }
        let last = isGood ? "check passed\n" : "check failed\n"
        return Self.text((lines + told).joined() + last, status: isGood ? 200 : 500)
    }

    static func text(_ text: String, status: Int, type: String = "text/plain; charset=utf-8") -> HTTPServerResponse {
        HTTPServerResponse(status: status, headers: ["Content-Type": type], body: .bytes([UInt8](text.utf8)))
    }
}

/// `/metrics` in Prometheus' text format.
struct MetricsHandler: HTTPHandler {
    let registry: MetricsRegistry

    func respondImmediately(to request: HTTPServerRequest) -> HTTPServerResponse? {
        guard request.path == "/metrics", ["GET", "HEAD"].contains(request.method) else {
            return HealthHandler.text("not found\n", status: 404)
        }
        // Reading the process's figures and all series is work for a task, not for the event loop.
        return nil
    }

    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        HTTPServerResponse(
            status: 200, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
            body: .bytes(registry.exposition()))
    }
}
