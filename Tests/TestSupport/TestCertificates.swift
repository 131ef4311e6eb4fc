import Core

/// Certificates of a test's own, made by the `openssl` command: a CA, a server's (for `localhost`, `server.test`, 127.0.0.1
/// and ::1) and a client's, with their keys, and a second CA that signed nothing of them.
package final class TestCertificates: Sendable {
    /// A PEM certificate and its key, as files.
    package struct Pair: Sendable {
        package let certificate: [UInt8]
        package let key: [UInt8]
        package let certificatePath: String
        package let keyPath: String
    }

    package let authority: Pair
    package let server: Pair
    package let client: Pair
    package let otherAuthority: Pair
    /// Everything lives here, for programs that want files; removed with this value.
    package let folder: TemporaryDirectory

    /// Makes them all; about 100 ms.
    package init() async throws {
        let folder = try TemporaryDirectory()
        try folder.write(
            """
            [ca]
            basicConstraints = critical, CA:TRUE
            keyUsage = critical, keyCertSign, cRLSign
            subjectKeyIdentifier = hash
            [server]
            basicConstraints = CA:FALSE
            extendedKeyUsage = serverAuth
            subjectAltName = DNS:localhost, DNS:server.test, IP:127.0.0.1, IP:::1
            [client]
            basicConstraints = CA:FALSE
            extendedKeyUsage = clientAuth

            """, to: "extensions")
        authority = try await Self.make("ca", subject: "/CN=Test CA", extensions: "ca", signer: nil, in: folder)
        otherAuthority = try await Self.make(
            "other", subject: "/CN=Another CA", extensions: "ca", signer: nil, in: folder)
        server = try await Self.make("server", subject: "/CN=Server", extensions: "server", signer: "ca", in: folder)
        client = try await Self.make(
            "client", subject: "/O=Tests/CN=Client", extensions: "client", signer: "ca", in: folder)
        self.folder = folder
    }

    private static func make(
        _ name: String, subject: String, extensions: String, signer: String?, in folder: TemporaryDirectory
    ) async throws -> Pair {
        let key = folder.file("\(name).key")
        let certificate = folder.file("\(name).crt")
        let request = folder.file("\(name).csr")
        try await openssl([
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
            "-keyout", key, "-out", request,
        ])
        let signing =
            signer.map { ["-CA", folder.file("\($0).crt"), "-CAkey", folder.file("\($0).key"), "-CAcreateserial"] }
            ?? ["-signkey", key]
        try await openssl(
            ["x509", "-req", "-in", request, "-out", certificate, "-days", "30", "-extfile", folder.file("extensions")]
                + ["-extensions", extensions] + signing)
        return Pair(
            certificate: try folder.read("\(name).crt"), key: try folder.read("\(name).key"),
            certificatePath: certificate, keyPath: key)
    }

    private static func openssl(_ arguments: [String]) async throws {
        let outcome = try await CommandLineTool.run("openssl", arguments)
        guard outcome.status == 0 else {
            throw NeverHappened(description: "openssl \(arguments[0]) failed: \(outcome.errorOutput)")
        }
    }
}
