package import Core

/// A repository with the tag, the digest or both that name an artifact in it: `repository[:tag][@digest]`.
package struct ArtifactReference: Sendable, Hashable, CustomStringConvertible {
    package let repository: RepositoryReference
    package let tag: String?
    package let digest: Digest?

    /// The scheme of URLs that name artifacts.
    package static let scheme = "oci://"

    /// An artifact of `repository`.
    /// - Throws: `OCIError` with code `invalidReference` if `tag` is no tag.
    package init(repository: RepositoryReference, tag: String?, digest: Digest? = nil) throws(OCIError) {
        if let tag { try ManifestReference.validate(tag: tag) }
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Parses `[host[:port]/]path[:tag][@digest]`.
    /// - Throws: `OCIError` with code `invalidReference`.
    package init(parsing text: some StringProtocol) throws(OCIError) {
        try ReferenceText.refuseQuery(in: text, called: "reference")
        guard text.utf8.count <= 1024 else {
            throw OCIError(.invalidReference, "reference '\(RemoteText.printable(text))' is longer than 1024 bytes")
        }
        var name = Substring(text)
        if let at = name.utf8.firstIndex(of: UInt8(ascii: "@")) {
            digest = try ManifestReference.parse(digest: name[name.utf8.index(after: at)...])
            name = name[..<at]
        } else {
            digest = nil
        }
        // A colon before the last slash belongs to a port.
        let lastComponent = name.utf8.lastIndex(of: UInt8(ascii: "/")).map(name.utf8.index(after:)) ?? name.startIndex
        if let colon = name[lastComponent...].utf8.firstIndex(of: UInt8(ascii: ":")) {
            let text = String(name[name.utf8.index(after: colon)...])
            try ManifestReference.validate(tag: text)
            tag = text
            name = name[..<colon]
        } else {
            tag = nil
        }
        repository = try RepositoryReference(validating: name)
    }

    /// Parses `oci://` followed by a reference.
    /// - Throws: `OCIError` with code `invalidReference`.
    package init(ociURL url: some StringProtocol) throws(OCIError) {
        try ReferenceText.refuseQuery(in: url, called: "URL")
        let scheme = Array(Self.scheme.utf8)
        guard url.utf8.starts(with: scheme) else {
            throw OCIError(
                .invalidReference, "URL\(ReferenceText.shown(url)) must be in format 'oci://<host>/<path>'")
        }
        try self.init(parsing: String(decoding: url.utf8.dropFirst(scheme.count), as: UTF8.self))
    }

    /// What to ask the registry for: the digest if there is one, else the tag, else the tag `latest`.
    package var manifest: ManifestReference {
        if let digest { .digest(digest) } else { .tag(tag ?? ManifestReference.defaultTag) }
    }

    /// The reference as it is written, with a Docker Hub name in full.
    package var description: String {
        repository.description + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }
}
