import Core

/// A real registry (Debian's `docker-registry`) on a free loopback port, with its content in a folder of its own; it ends
/// with the value.
package final class DockerRegistry: Sendable {
    /// `127.0.0.1:port`.
    package let address: String
    private let process: Locked<ChildProcess>
    private let folder: TemporaryDirectory

    /// Whose tokens a registry takes.
    package struct TokenAuthority: Sendable {
        /// Where clients get them.
        package let realm: String
        /// What the registry calls itself there; the tokens' audience.
        package let service: String
        /// The tokens' issuer.
        package let issuer: String
        /// A file of PEM certificates, read when the registry starts: their keys sign the tokens.
        package let certificatePath: String

        package init(realm: String, service: String, issuer: String, certificatePath: String) {
            self.realm = realm
            self.service = service
            self.issuer = issuer
            self.certificatePath = certificatePath
        }
    }

    /// How the registry is protected.
    package struct Protection: Sendable {
        /// User and password that everybody must give (Basic).
        package var login: (user: String, password: String)?
        /// TLS with the server's certificate of these.
        package var certificates: TestCertificates?
        /// Whether clients must show a certificate of the same authority.
        package var requiresClientCertificate = false
        /// The token server that admits clients (Bearer).
        package var tokens: TokenAuthority?

        /// Open to all, without TLS.
        package init() {}
    }

    /// Whether the program is installed.
    package static var isInstalled: Bool { CommandLineTool.isInstalled("docker-registry") }

    /// Starts a registry and waits until it listens.
    package init(_ protection: Protection = Protection()) async throws {
        let folder = try TemporaryDirectory()
        let port = try freePort()
        let address = "127.0.0.1:\(port)"
        var lines = [
            "version: 0.1", "log: {level: info}", "storage:", "  filesystem: {rootdirectory: \(folder.file("data"))}",
            "  delete: {enabled: true}", "http:", "  addr: \(address)", "  secret: test",
        ]
        if let certificates = protection.certificates {
            lines += [
                "  tls:", "    certificate: \(certificates.server.certificatePath)",
                "    key: \(certificates.server.keyPath)",
            ]
            if protection.requiresClientCertificate {
                lines += ["    clientcas: [\(certificates.authority.certificatePath)]"]
            }
        }
        if let login = protection.login {
            let made = try await CommandLineTool.run("htpasswd", ["-Bbn", login.user, login.password])
            guard made.status == 0 else { throw NeverHappened(description: "htpasswd failed: \(made.errorOutput)") }
            try folder.write(made.output, to: "htpasswd")
            lines += ["auth:", "  htpasswd: {realm: test, path: \(folder.file("htpasswd"))}"]
        }
        if let tokens = protection.tokens {
            lines += [
                "auth:", "  token:", "    realm: \(tokens.realm)", "    service: \(tokens.service)",
                "    issuer: \(tokens.issuer)", "    rootcertbundle: \(tokens.certificatePath)",
            ]
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "config.yml")
        self.folder = folder
        self.address = address
        process = Locked(try Self.launch(folder))
        try await waitUntilListening()
    }

    private static func launch(_ folder: TemporaryDirectory) throws -> ChildProcess {
        try ChildProcess("/usr/bin/docker-registry", ["serve", folder.file("config.yml")])
    }

    private func waitUntilListening() async throws {
        let process = process.current
        try await eventually("docker-registry listening") {
            guard process.isRunning else { throw NeverHappened(description: "docker-registry ended: \(process.log)") }
            return process.log.contains("listening on \(address)")
        }
    }

    /// Starts it again on the same port, with the same content.
    package func start() async throws {
        let child = try Self.launch(folder)
        process.withLock { $0 = child }
        try await waitUntilListening()
    }

    /// Ends the registry; its port then refuses connections.
    package func stop() async throws {
        process.current.kill()
        _ = try await process.current.waitForExit()
    }
}
