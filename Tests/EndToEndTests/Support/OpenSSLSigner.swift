import Core
import Foundation
import TestSupport

/// Signs artifacts the way cosign 2 does, with the `openssl` command and plain HTTP: none of the code under test.
struct OpenSSLSigner {
    let folder: TemporaryDirectory

    /// A signer with a new P-256 key.
    init() async throws {
        folder = try TemporaryDirectory()
        try await run(
            "openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder.file("key.pem")])
        try await run("openssl", ["ec", "-in", folder.file("key.pem"), "-pubout", "-out", folder.file("cosign.pub")])
    }

    var publicKeyPath: String { folder.file("cosign.pub") }

    /// Signs `digest` and stores the signature under the tag of `place` (the digest itself unless told otherwise).
    func sign(_ digest: String, in repository: String, on registry: String, as place: String? = nil) async throws {
        try await sign(digest, with: try RegistryUpload(repository, on: registry), as: place)
    }

    /// Signs `digest` and stores the signature with `upload`.
    func sign(_ digest: String, with upload: RegistryUpload, as place: String? = nil) async throws {
        let payload =
            #"{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":"\#(digest)"},"type":"cosign container image signature"},"optional":null}"#
        try folder.write(payload, to: "payload")
        try await run(
            "openssl",
            [
                "dgst", "-sha256", "-sign", folder.file("key.pem"), "-out", folder.file("signature"),
                folder.file("payload"),
            ])
        let signature = Data(try folder.read("signature")).base64EncodedString()
        try await upload.signatures(
            of: place ?? digest, [(Array(payload.utf8), ["dev.cosignproject.cosign/signature": signature])])
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String]) async throws -> String {
        let outcome = try await CommandLineTool.run(program, arguments)
        guard outcome.status == 0 else { throw StandFailure(description: "\(program): \(outcome.errorOutput)") }
        return outcome.output
    }
}
