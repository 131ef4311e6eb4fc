internal import Core
internal import KubernetesAPI
internal import OCI
internal import RegularExpressions

/// A reference with the digest that the registry gives it now. What follows uses the digest, never the tag again.
struct ResolvedSource: Sendable {
    /// `<tag>@<digest>`, or the digest alone for a digest reference.
    let revision: String
    /// Of the manifest or index that the reference has now.
    var digest: Digest { descriptor.digest }
    /// What a HEAD or GET of the reference said.
    let descriptor: Descriptor
    let location: RepositoryReference
    /// The reference as people write it: `host/path:tag` or `host/path@digest`.
    let reference: String

    /// Asks `repository` for what `reference` names.
    static func resolve(
        _ reference: SourceReference, of spec: OCIRepositorySpec, at location: RepositoryReference,
        in repository: some ManifestFetching & TagListing
    ) async throws(ReconcileFailure) -> ResolvedSource {
        switch reference {
        case .digest(let digest):
            let descriptor = try await descriptor(of: .digest(digest), in: repository)
            return ResolvedSource(
                revision: digest.description, descriptor: descriptor, location: location,
                reference: "\(location)@\(digest)")
        case .tag(let pin):
            let descriptor = try await descriptor(of: .tag(pin.tag), in: repository)
            if let wanted = pin.digest, wanted != descriptor.digest {
                throw ReconcileFailure(
                    .fetch, reason: ConditionReason.pullFailed,
                    message:
                        "failed to determine artifact digest: tag '\(pin.tag)' of '\(location)' has digest \(descriptor.digest), but spec.ref.tag pins it to \(wanted); correct the pin or the tag"
                )
            }
            return ResolvedSource(tag: pin.tag, descriptor, at: location)
        case .versions(let range, let filter):
            let tag = try await highestTag(in: range, filter: filter, of: spec, in: repository)
            return ResolvedSource(tag: tag, try await descriptor(of: .tag(tag), in: repository), at: location)
        }
    }

    private init(revision: String, descriptor: Descriptor, location: RepositoryReference, reference: String) {
        self.revision = revision
        self.descriptor = descriptor
        self.location = location
        self.reference = reference
    }

    private init(tag: String, _ descriptor: Descriptor, at location: RepositoryReference) {
        self.init(
            revision: "\(tag)@\(descriptor.digest)", descriptor: descriptor, location: location,
            reference: "\(location):\(tag)")
    }

    private static func descriptor(
        of reference: ManifestReference, in repository: some ManifestFetching
    ) async throws(ReconcileFailure) -> Descriptor {
        do {
            return try await repository.resolve(reference)
        } catch {
            throw ReconcileFailure(
                fetching: error, reason: ConditionReason.pullFailed, prefix: "failed to determine artifact digest")
        }
    }

    private static func highestTag(
        in range: VersionRange, filter: RegularExpression?, of spec: OCIRepositorySpec,
        in repository: some TagListing
    ) async throws(ReconcileFailure) -> String {
        let prefix = "failed to determine the artifact tag for '\(spec.url)'"
        var selection = TagSelection(
            range: range, filter: filter,
            isHelmChart: spec.layerSelector?.mediaType.map { MediaType($0) } == .helmChartContent)
        do {
            try await repository.forEachTag { selection.consider($0) }
        } catch {
            throw ReconcileFailure(fetching: error, reason: ConditionReason.readOperationFailed, prefix: prefix)
        }
        guard let tag = selection.tag else {
            let filtered = spec.reference?.semverFilter.map { " among the tags that match semverFilter '\($0)'" } ?? ""
            throw ReconcileFailure(
                .fetch, reason: ConditionReason.readOperationFailed,
                message: "\(prefix): no match found for semver: \(spec.reference?.semver ?? "")\(filtered)")
        }
        return tag
    }
}
