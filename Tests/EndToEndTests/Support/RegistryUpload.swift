import Core
import Foundation
import TestSupport

/// Puts content into a repository with `curl`: none of the code under test.
struct RegistryUpload {
    /// `http://host/v2/repository`.
    let base: String
    /// For curl, such as credentials.
    let arguments: [String]
    private let folder: TemporaryDirectory

    init(_ repository: String, on registry: String, scheme: String = "http", arguments: [String] = []) throws {
        base = "\(scheme)://\(registry)/v2/\(repository)"
        self.arguments = ["-fsS"] + arguments
        folder = try TemporaryDirectory()
    }

    /// Uploads a blob.
    /// - Returns: its digest.
    func blob(_ bytes: [UInt8]) async throws -> String {
        try folder.write(bytes, to: "blob")
        let digest = "sha256:" + (try await run("sha256sum", [folder.file("blob")])).prefix(64)
        let answer = try await run(
            "curl", arguments + ["-X", "POST", "-D", "-", "-o", "/dev/null", "\(base)/blobs/uploads/"])
        let field = answer.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("location:") } ?? ""
        let location = field.dropFirst("location:".count).trimmingCharacters(in: .whitespaces)
        let separator = location.contains("?") ? "&" : "?"
        try await run(
            "curl",
            arguments + [
                "-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary",
                "@\(folder.file("blob"))", "\(location)\(separator)digest=\(digest)",
            ])
        return digest
    }

    /// Stores a manifest under a tag, or under its digest.
    /// - Returns: its digest and size.
    @discardableResult
    func manifest(
        _ content: JSONValue, as tag: String? = nil, type: String = "application/vnd.oci.image.manifest.v1+json"
    ) async throws -> (digest: String, size: Int) {
        let bytes = content.serialized()
        try folder.write(bytes, to: "manifest")
        let digest = "sha256:" + (try await run("sha256sum", [folder.file("manifest")])).prefix(64)
        try await run(
            "curl",
            arguments + [
                "-X", "PUT", "-H", "Content-Type: \(type)", "--data-binary", "@\(folder.file("manifest"))",
                "\(base)/manifests/\(tag ?? digest)",
            ])
        return (digest, bytes.count)
    }

    /// Stores layers (payload and annotations) under the tag of cosign 2's signatures of `digest`.
    func signatures(of digest: String, _ layers: [(payload: [UInt8], annotations: [String: String])]) async throws {
        var descriptors: [JSONValue] = []
        for layer in layers {
            descriptors.append([
                "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
                "digest": .string(try await blob(layer.payload)), "size": .integer(Int64(layer.payload.count)),
                "annotations": .object(layer.annotations.mapValues { .string($0) }),
            ])
        }
        try await manifest(
            [
                "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": [
                    "mediaType": "application/vnd.oci.image.config.v1+json", "size": 2,
                    "digest": .string(try await blob(Array("{}".utf8))),
                ], "layers": .array(descriptors),
            ], as: digest.replacingOccurrences(of: ":", with: "-") + ".sig")
    }

    /// Lets bundles refer to `digest` as cosign 3 does on a registry without the Referrers API: by an index under a tag.
    func bundles(of digest: String, size: Int, _ bundles: [[UInt8]]) async throws {
        let mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
        var descriptors: [JSONValue] = []
        for bundle in bundles {
            let referrer = try await manifest([
                "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "artifactType": .string(mediaType),
                "config": [
                    "mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
                    "digest": .string(try await blob(Array("{}".utf8))),
                ],
                "layers": [
                    [
                        "mediaType": .string(mediaType), "digest": .string(try await blob(bundle)),
                        "size": .integer(Int64(bundle.count)),
                    ]
                ],
                "subject": [
                    "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": .string(digest),
                    "size": .integer(Int64(size)),
                ],
            ])
            descriptors.append([
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": .string(referrer.digest),
                "size": .integer(Int64(referrer.size)), "artifactType": .string(mediaType),
            ])
        }
        try await manifest(
            [
                "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": .array(descriptors),
            ], as: digest.replacingOccurrences(of: ":", with: "-"), type: "application/vnd.oci.image.index.v1+json")
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String]) async throws -> String {
        let outcome = try await CommandLineTool.run(program, arguments)
        guard outcome.status == 0 else { throw StandFailure(description: "\(program): \(outcome.errorOutput)") }
        return outcome.output
    }
}
