internal import Core
internal import KubernetesAPI
internal import OCI

extension RepositoryReference {
    /// The repository of `spec.url`.
    /// - Throws: a stall that says what to correct; what looks like credentials in the URL is not repeated.
    init(_ spec: OCIRepositorySpec) throws(ReconcileFailure) {
        let shown = Self.withoutUserInformation(spec.url)
        do throws(OCIError) {
            guard shown == nil else {
                throw OCIError(
                    .invalidReference,
                    "URL must not contain credentials; remove them and name a Secret in spec.secretRef")
            }
            self = try RepositoryReference(ociURL: spec.url)
        } catch {
            let url = RemoteText.printable(shown ?? spec.url, limit: 2048)
            throw ReconcileFailure(
                .fetch, reason: ConditionReason.urlInvalid, message: "URL validation failed for '\(url)': \(error)",
                recovery: .stall)
        }
    }

    /// `url` with `***` in the place of `user:password`; nil if it has none. An `@` after the first slash,
    /// or before a digest, begins a digest.
    private static func withoutUserInformation(_ url: String) -> String? {
        let scheme = ArtifactReference.scheme
        guard url.hasPrefix(scheme) else { return nil }
        let rest = url.utf8.dropFirst(scheme.utf8.count)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")),
            (try? Digest(parsing: url[url.utf8.index(after: at)...])) == nil
        else { return nil }
        return "\(scheme)***\(url[at...])"
    }
}
