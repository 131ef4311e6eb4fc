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
        let base = "http://\(registry)/v2/\(repository)"
        let layer = try await upload([UInt8](payload.utf8), to: base)
        let config = try await upload([UInt8]("{}".utf8), to: base)
        let manifest = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
             "config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":"\(config)"},
             "layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","size":\(payload.utf8.count),
             "digest":"\(layer)","annotations":{"dev.cosignproject.cosign/signature":"\(signature)"}}]}
            """
        let tag = (place ?? digest).replacingOccurrences(of: ":", with: "-") + ".sig"
        try folder.write(manifest, to: "manifest")
        try await run(
            "curl",
            [
                "-fsS", "-X", "PUT", "-H", "Content-Type: application/vnd.oci.image.manifest.v1+json", "--data-binary",
                "@\(folder.file("manifest"))", "\(base)/manifests/\(tag)",
            ])
    }

    private func upload(_ bytes: [UInt8], to base: String) async throws -> String {
        try folder.write(bytes, to: "blob")
        let digest = "sha256:" + (try await run("sha256sum", [folder.file("blob")])).prefix(64)
        let answer = try await run(
            "curl", ["-fsS", "-X", "POST", "-D", "-", "-o", "/dev/null", "\(base)/blobs/uploads/"])
        let field = answer.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("location:") } ?? ""
        let location = field.dropFirst("location:".count).trimmingCharacters(in: .whitespaces)
        let separator = location.contains("?") ? "&" : "?"
        try await run(
            "curl",
            [
                "-fsS", "-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary",
                "@\(folder.file("blob"))", "\(location)\(separator)digest=\(digest)",
            ])
        return digest
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String]) async throws -> String {
        let outcome = try await CommandLineTool.run(program, arguments)
        guard outcome.status == 0 else { throw StandFailure(description: "\(program): \(outcome.errorOutput)") }
        return outcome.output
    }
}
