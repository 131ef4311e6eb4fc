/// The object that artifacts belong to. Its parts become names of folders, so they are checked before they are used.
package struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package var description: String { "\(namespace)/\(name)" }

    package static func < (one: ObjectKey, other: ObjectKey) -> Bool {
        (one.namespace, one.name) < (other.namespace, other.name)
    }

    /// The folder of the object's files, below the storage path.
    var folder: String { "\(Self.kindFolder)/\(namespace)/\(name)" }

    /// The folder of all objects of the kind.
    static let kindFolder = "ocirepository"

    /// Whether both parts are what Kubernetes allows: a DNS label and a DNS subdomain (RFC 1123), whose labels Kubernetes
    /// lets be longer than 63 characters.
    var isValid: Bool {
        namespace.utf8.count <= 63 && Self.isLabel(namespace.utf8[...]) && name.utf8.count <= 253
            && name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(Self.isLabel)
    }

    func check() throws(ArtifactStoreError) {
        guard isValid else {
            throw ArtifactStoreError(
                .invalidObject,
                "the object's namespace or name is no valid Kubernetes name, so nothing is stored for it")
        }
    }

    private static func isLabel(_ text: Substring.UTF8View) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return !text.isEmpty && text.first != hyphen && text.last != hyphen
            && text.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == hyphen
            }
    }
}
