internal import Core
internal import HTTPServing

/// `/version` and the health endpoints.
enum HealthAndVersion {
    private static let version: JSONValue = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.0+embedded", "gitCommit": "", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "swift", "platform": .string(platform),
    ]

    #if arch(arm64)
    private static let platform = "linux/arm64"
    #else
    private static let platform = "linux/amd64"
    #endif

    static func respond(to request: HTTPServerRequest) -> HTTPServerResponse? {
        switch request.path {
        case "/version", "/version/": return .json(200, version)
        case "/healthz", "/livez", "/readyz":
            guard QueryParameters(request.query).has("verbose") else { return text("ok") }
            return text("[+]ping ok\n[+]log ok\n[+]storage ok\n\(request.path.dropFirst()) check passed\n")
        default:
            let checks = ["ping", "log", "storage"]
            let parts = request.path.split(separator: "/")
            guard parts.count == 2, ["healthz", "livez", "readyz"].contains(parts[0]),
                checks.contains(String(parts[1]))
            else { return nil }
            return text("ok")
        }
    }

    private static func text(_ text: String) -> HTTPServerResponse {
        .json(200, [UInt8](text.utf8), headers: ["Content-Type": "text/plain; charset=utf-8"])
    }
}
