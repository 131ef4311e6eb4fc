package import Core

/// Which manifest of an index is used, and why: a pure function of the index, so the same on every node.
///
/// 1. With a layer media type: the manifest that has such a layer (of several the one for linux/amd64, else the first).
/// 2. Else the only artifact manifest (one without a platform, or with an artifact type).
/// 3. Else the manifest for linux/amd64; else the only manifest there is.
///
/// Nested indexes and the attestations that image builders add are never chosen.
package struct IndexSelection: Sendable, Hashable {
    /// The chosen manifest.
    package let descriptor: Descriptor
    /// Why, for messages: `chose manifest sha256:… (linux/amd64) of 3 in the index`.
    package let explanation: String

    /// Manifests that are looked into for a layer media type.
    package static let maximumInspected = 32

    /// The manifests whose layers must be known before `init(from:layerMediaType:inspected:)` can choose.
    /// - Returns: nothing without a layer media type; else the candidates, linux/amd64 first, at most `maximumInspected`.
    package static func manifestsToInspect(of index: ImageIndex, layerMediaType: String?) -> [Descriptor] {
        guard layerMediaType != nil else { return [] }
        let candidates = candidates(of: index)
        let preferred = candidates.filter { isLinuxAMD64($0.platform) }
        let others = candidates.filter { !isLinuxAMD64($0.platform) }
        return Array((preferred + others).prefix(maximumInspected))
    }

    /// Chooses a manifest of `index`.
    /// - Parameter inspected: the parsed manifests of `manifestsToInspect(of:layerMediaType:)`, by digest.
    /// - Throws: `OCIError` with code `noMatchingManifest` or `ambiguousIndex` that lists (bounded) what the index has.
    package init(
        from index: ImageIndex, layerMediaType: String? = nil, inspected: [Digest: ImageManifest] = [:]
    ) throws(OCIError) {
        let candidates = Self.candidates(of: index)
        guard !candidates.isEmpty else {
            throw OCIError(
                .noMatchingManifest,
                index.manifests.isEmpty
                    ? "the index lists no manifests" : "the index lists only nested indexes or attestations")
        }
        if let layerMediaType {
            let wanted = MediaType(layerMediaType)
            let fitting = Self.manifestsToInspect(of: index, layerMediaType: layerMediaType).filter { candidate in
                inspected[candidate.digest]?.layers.contains { $0.mediaType == wanted } ?? false
            }
            guard let chosen = fitting.first else {
                throw OCIError(
                    .noMatchingManifest,
                    "none of the index's manifests has a layer with media type '\(RemoteText.printable(layerMediaType))'; it lists \(Self.summary(candidates))"
                )
            }
            self.init(
                chosen, of: candidates,
                because: "it has a layer with media type '\(RemoteText.printable(layerMediaType))'")
            return
        }
        let artifacts = candidates.filter(Self.isArtifact)
        if artifacts.count == 1, let only = artifacts.first {
            self.init(only, of: candidates, because: candidates.count == 1 ? nil : "it is the only artifact manifest")
        } else if let match = candidates.first(where: { Self.isLinuxAMD64($0.platform) }) {
            self.init(match, of: candidates, because: nil)
        } else if candidates.count == 1, let only = candidates.first {
            self.init(only, of: candidates, because: "it is the only one")
        } else {
            throw OCIError(
                .ambiguousIndex,
                "the index has neither a single artifact manifest nor one for linux/amd64; it lists \(Self.summary(candidates))"
            )
        }
    }

    private init(_ descriptor: Descriptor, of candidates: [Descriptor], because cause: String?) {
        self.descriptor = descriptor
        let platform = descriptor.platform.map { " (\(RemoteText.printable($0.description, limit: 60)))" } ?? ""
        let reason = cause.map { ": \($0)" } ?? ""
        explanation = "chose manifest \(descriptor.digest)\(platform) of \(candidates.count) in the index\(reason)"
    }

    private static func candidates(of index: ImageIndex) -> [Descriptor] {
        index.manifests.filter { $0.mediaType.isImageManifest && !isAttestation($0) }
    }

    private static func isAttestation(_ descriptor: Descriptor) -> Bool {
        descriptor.annotations["vnd.docker.reference.type"] == "attestation-manifest"
            || (descriptor.platform?.os == "unknown" && descriptor.platform?.architecture == "unknown")
    }

    private static func isArtifact(_ descriptor: Descriptor) -> Bool {
        descriptor.platform == nil || (descriptor.artifactType != nil && descriptor.artifactType != .ociConfig)
    }

    private static func isLinuxAMD64(_ platform: Platform?) -> Bool {
        guard let platform else { return false }
        return platform.os == "linux" && platform.architecture == "amd64"
            && (platform.variant ?? "v1") == "v1"
    }

    private static func summary(_ candidates: [Descriptor]) -> String {
        candidates.lazy.map { candidate in
            candidate.platform.map { RemoteText.printable($0.description, limit: 40) }
                ?? candidate.artifactType.map { RemoteText.printable($0.description, limit: 60) } ?? "an artifact"
        }.listed(atMost: 8)
    }
}
