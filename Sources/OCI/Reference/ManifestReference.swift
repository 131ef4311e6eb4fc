package import Core

/// What names a manifest in a repository: a tag that may move, or the digest of its bytes.
package enum ManifestReference: Sendable, Hashable, CustomStringConvertible {
    /// A tag; see `validate(tag:)`.
    case tag(String)
    case digest(Digest)

    /// The tag that is meant where none is given.
    package static let defaultTag = "latest"

    /// The tag or digest, as the distribution API's paths carry it.
    package var description: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): digest.description
        }
    }

    /// Checks that `tag` has only the letters, digits and `_.-` of a tag, 128 at most.
    /// - Throws: `OCIError` with code `invalidReference`.
    package static func validate(tag: some StringProtocol) throws(OCIError) {
        guard ReferenceGrammar.isTag(tag) else {
            throw OCIError(
                .invalidReference,
                "tag '\(RemoteText.printable(tag))' is invalid; a tag has 1 to 128 letters, digits, '_', '.' or '-' and starts with none of '.' and '-'"
            )
        }
    }

    /// The tag of the index that lists a manifest's referrers where the registry does not: `<algorithm>-<hex>`, of which
    /// no more than 64 digits (distribution specification 1.1, "Referrers Tag Schema").
    package static func referrersTag(of digest: Digest) -> String {
        "\(digest.algorithm.rawValue)-\(digest.hex.prefix(64))"
    }

    static func parse(digest text: some StringProtocol) throws(OCIError) -> Digest {
        do {
            return try Digest(parsing: text)
        } catch {
            throw OCIError(.invalidReference, RemoteText.printable(error.description, limit: 300))
        }
    }
}

/// A tag that may be pinned: `tag` or `tag@sha256:<hex>`, as `spec.ref.tag` takes it.
package struct PinnedTag: Sendable, Hashable, CustomStringConvertible {
    package let tag: String
    /// The digest that the tag must resolve to; anything else is a failure.
    package let digest: Digest?

    /// Parses `tag[@digest]`.
    /// - Throws: `OCIError` with code `invalidReference`.
    package init(parsing text: some StringProtocol) throws(OCIError) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        tag = parts.first.map { String($0) } ?? ""
        try ManifestReference.validate(tag: tag)
        digest = parts.count == 2 ? try ManifestReference.parse(digest: parts[1]) : nil
    }

    package var description: String { tag + (digest.map { "@\($0)" } ?? "") }
}
