/// Group, version and kind: what `apiVersion` and `kind` of an object say.
package struct GroupVersionKind: Sendable, Hashable, CustomStringConvertible {
    /// Empty for the core group.
    package var group: String
    package var version: String
    package var kind: String

    /// The parts as they are.
    package init(group: String, version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    /// Takes `apiVersion` apart: `v1` is the core group, `group/version` any other; nil if it is neither.
    package init?(apiVersion: String, kind: String) {
        let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }), let version = parts.last else { return nil }
        self.init(group: parts.count == 2 ? String(parts[0]) : "", version: String(version), kind: kind)
    }

    /// `group/version`, or the version alone in the core group.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    package var description: String { "\(apiVersion), Kind=\(kind)" }
}

/// A collection of objects of one kind as the API server names it: group, version and plural.
package struct APIResource: Sendable, Hashable, CustomStringConvertible {
    /// Empty for the core group.
    package var group: String
    package var version: String
    /// The path segment, such as `ocirepositories`.
    package var plural: String
    /// The kind of the objects, such as `OCIRepository`.
    package var kind: String
    /// Whether objects live in namespaces.
    package var isNamespaced: Bool

    /// A resource from its parts.
    package init(group: String, version: String, plural: String, kind: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
    }

    /// `group/version`, or the version alone in the core group.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The kind with its group and version.
    package var groupVersionKind: GroupVersionKind { GroupVersionKind(group: group, version: version, kind: kind) }

    package var description: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The path of the collection or of one object, every segment percent-encoded.
    /// - Parameters:
    ///   - namespace: nil means all namespaces (or a resource without them).
    ///   - name: nil means the collection.
    ///   - subresource: such as `status`; only with a name.
    package func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if let namespace, isNamespaced { path += "/namespaces/" + URLEncoding.encode(namespace) }
        path += "/" + plural
        if let name {
            path += "/" + URLEncoding.encode(name)
            if let subresource { path += "/" + subresource }
        }
        return path
    }
}

/// Percent-encoding (RFC 3986): everything but the unreserved characters is escaped, so the result is one path segment or
/// one query value.
package enum URLEncoding {
    /// `text` with everything but letters, digits, `-`, `.`, `_` and `~` escaped. `.` and `..` alone are escaped too, as no
    /// client or proxy may take them for a folder.
    package static func encode(_ text: String) -> String {
        let isDots = text == "." || text == ".."
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte), !isDots {
                result.append(byte)
            } else {
                result.append(UInt8(ascii: "%"))
                result.append(digit(byte >> 4))
                result.append(digit(byte & 15))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
