import Core
import Foundation
import TestSupport

/// Publishes with `tar` and `skopeo`: none of the code under test.
enum IndependentPublisher {
    /// Copies an image whose only layer holds `files` to `reference`.
    /// - Parameter arguments: for skopeo, such as credentials and certificates.
    static func publish(
        _ files: [String: String], to reference: String, arguments: [String] = [], environment: [String: String] = [:]
    ) async throws {
        let folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: folder.file("content"), withIntermediateDirectories: true)
        for (name, text) in files { try folder.write(text, to: "content/\(name)") }
        try await run("tar", ["-C", folder.file("content"), "-cf", folder.file("layer.tar"), "."])
        let unpacked = try await sha256(folder.file("layer.tar"))
        try await run("gzip", ["-n", folder.file("layer.tar")])
        let layout = folder.file("layout")
        try FileManager.default.createDirectory(
            atPath: "\(layout)/blobs/sha256", withIntermediateDirectories: true)
        let layer = try await add([UInt8](try folder.read("layer.tar.gz")), to: layout, folder)
        let config = try await add(
            [UInt8](
                #"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:\#(unpacked)"]}}"#
                    .utf8), to: layout, folder)
        let manifest = try await add(
            [UInt8](
                """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
                "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(config.digest)","size":\(config.size)},\
                "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"\(layer.digest)","size":\(layer.size)}]}
                """.utf8), to: layout, folder)
        try folder.write(#"{"imageLayoutVersion":"1.0.0"}"#, to: "layout/oci-layout")
        try folder.write(
            """
            {"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",\
            "digest":"\(manifest.digest)","size":\(manifest.size),"annotations":{"org.opencontainers.image.ref.name":"x"}}]}
            """, to: "layout/index.json")
        try await run(
            "skopeo", ["--insecure-policy", "copy", "oci:\(layout):x", "docker://\(reference)"] + arguments, environment
        )
    }

    /// As above, to a registry that asks for a client's certificate: shows the client's of `certificates`.
    static func publish(
        _ files: [String: String], to reference: String, presenting certificates: TestCertificates
    ) async throws {
        let folder = try TemporaryDirectory()
        try folder.write(certificates.authority.certificate, to: "ca.crt")
        try folder.write(certificates.client.certificate, to: "client.cert")
        try folder.write(certificates.client.key, to: "client.key")
        try await publish(files, to: reference, arguments: ["--dest-cert-dir=\(folder.path)"])
    }

    private static func add(
        _ bytes: [UInt8], to layout: String, _ folder: TemporaryDirectory
    ) async throws -> (digest: String, size: Int) {
        try folder.write(bytes, to: "blob")
        let hex = try await sha256(folder.file("blob"))
        try folder.write(bytes, to: "layout/blobs/sha256/\(hex)")
        return ("sha256:\(hex)", bytes.count)
    }

    private static func sha256(_ path: String) async throws -> String {
        String(try await run("sha256sum", [path]).prefix(64))
    }

    @discardableResult
    private static func run(
        _ program: String, _ arguments: [String], _ environment: [String: String] = [:]
    ) async throws -> String {
        let outcome = try await CommandLineTool.run(program, arguments, environment: environment)
        guard outcome.status == 0 else { throw StandFailure(description: "\(program): \(outcome.errorOutput)") }
        return outcome.output
    }
}
