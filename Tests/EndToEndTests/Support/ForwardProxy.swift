import TestSupport

/// A proxy that logs what it is asked for: `tinyproxy` for HTTP, `microsocks` for SOCKS5 with a login.
final class ForwardProxy: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case http, socks5
    }

    static let username = "me"
    static let password = "secret-word"

    /// `127.0.0.1:port`.
    let address: String
    private let folder: TemporaryDirectory
    private let process: ChildProcess

    /// Starts it and waits until it listens.
    init(_ kind: Kind = .http) async throws {
        let port = try freePort()
        let folder = try TemporaryDirectory()
        try folder.write(
            "Port \(port)\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Connect\n", to: "conf")
        let process =
            switch kind {
            case .http: try ChildProcess("/usr/bin/tinyproxy", ["-d", "-c", folder.file("conf")])
            case .socks5:
                try ChildProcess(
                    "/usr/bin/microsocks",
                    ["-i", "127.0.0.1", "-p", "\(port)", "-u", Self.username, "-P", Self.password])
            }
        try await eventually("the proxy listens") {
            try await CommandLineTool.run("curl", ["-s", "http://127.0.0.1:\(port)"]).status != 7
        }
        self.folder = folder
        self.process = process
        address = "127.0.0.1:\(port)"
    }

    var log: String { process.log }

    /// Ends it; its port then refuses connections.
    func stop() { process.kill() }
}
