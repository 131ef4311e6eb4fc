internal import Core

/// Where a repository is: a registry and a path in it, without tag and digest.
///
/// Docker Hub's short names are normalised: `x`, `docker.io/x` and `index.docker.io/x` are all `index.docker.io/library/x`.
package struct RepositoryReference: Sendable, Hashable, CustomStringConvertible {
    /// Docker Hub's host, as requests and credentials name it.
    package static let dockerHub = "index.docker.io"

    /// `host[:port]`, as written except for Docker Hub's other name.
    package let registry: String
    /// The repository's path, such as `stefanprodan/manifests/podinfo`.
    package let path: String

    /// Parses `[host[:port]/]path`.
    ///
    /// The first component is a host if it has a `.`, a `:` or an upper-case letter, or is `localhost`; otherwise the
    /// reference is one of Docker Hub.
    /// - Throws: `OCIError` with code `invalidReference`, also for a tag or a digest.
    package init(parsing text: some StringProtocol) throws(OCIError) {
        let reference = try ArtifactReference(parsing: text)
        if let digest = reference.digest {
            throw OCIError(.invalidReference, "a repository has no digest; remove '@\(digest)'")
        }
        if let tag = reference.tag { throw OCIError(.invalidReference, "a repository has no tag; remove ':\(tag)'") }
        self = reference.repository
    }

    /// Parses the `spec.url` of an OCIRepository: `oci://host[:port]/path`.
    /// - Throws: `OCIError` with code `invalidReference`; a tag or digest is an error that says what to remove.
    package init(ociURL url: some StringProtocol) throws(OCIError) {
        let reference = try ArtifactReference(ociURL: url)
        if let digest = reference.digest {
            let tag = reference.tag.map { ":\($0)" } ?? ""
            throw OCIError(.invalidReference, "URL must not contain a digest; remove '\(tag)@\(digest)'")
        }
        if let tag = reference.tag {
            throw OCIError(.invalidReference, "URL must not contain a tag; remove ':\(tag)'")
        }
        self = reference.repository
    }

    init(validating text: Substring) throws(OCIError) {
        var registry = Self.dockerHub
        var path = text
        if let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) {
            let first = text[..<slash]
            if Self.looksLikeHost(first) {
                registry = String(first)
                path = text[text.utf8.index(after: slash)...]
            }
        }
        guard ReferenceGrammar.isRegistry(registry) else {
            throw OCIError(
                .invalidReference,
                "registry '\(RemoteText.printable(registry))' is not a host name with an optional port"
            )
        }
        if HostName.same(registry, "docker.io") || HostName.same(registry, Self.dockerHub) { registry = Self.dockerHub }
        if registry == Self.dockerHub, !path.utf8.contains(UInt8(ascii: "/")) { path = Substring("library/" + path) }
        guard ReferenceGrammar.isPath(path) else {
            let shown = RemoteText.printable(path)
            let cause =
                if path.utf8.isEmpty || path == "library/" {
                    "the repository's path is missing"
                } else if path.utf8.count > ReferenceGrammar.maximumPathLength {
                    "repository '\(shown)' is longer than \(ReferenceGrammar.maximumPathLength) characters"
                } else if path.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) {
                    "repository '\(shown)' must be in lower case"
                } else {
                    "repository '\(shown)' may have only lower-case letters, digits and single separators '.', '_', '-'"
                }
            throw OCIError(.invalidReference, cause)
        }
        self.registry = registry
        self.path = String(path)
    }

    private static func looksLikeHost(_ component: Substring) -> Bool {
        component == "localhost"
            || component.utf8.contains { byte in
                byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            }
    }

    /// The registry's host without its port; an IPv6 address without its brackets.
    package var host: String {
        if registry.utf8.first == UInt8(ascii: "[") {
            return String(registry.dropFirst().prefix { $0 != "]" })
        }
        return String(registry.prefix { $0 != ":" })
    }

    /// The port that is written in the reference.
    package var port: Int? {
        let afterHost = registry.utf8.first == UInt8(ascii: "[") ? registry.drop { $0 != "]" } : registry[...]
        guard let colon = afterHost.lastIndex(of: ":") else { return nil }
        return Int(afterHost[afterHost.index(after: colon)...])
    }

    /// `registry/path`.
    package var description: String { "\(registry)/\(path)" }
}

/// Host names compare without case.
enum HostName {
    static func same(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count
            && zip(one.utf8, other.utf8).allSatisfy { first, second in
                first == second || (first | 0x20 == second | 0x20 && (0x61...0x7a).contains(first | 0x20))
            }
    }
}
