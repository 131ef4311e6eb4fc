internal import Core

/// Names of artifact files: the revision's digest, and a piece of the artifact's own where that name is taken.
enum ArtifactFileName {
    static let suffix = ".tar.gz"

    /// The name that the API promises: `<algorithm>:<hex>.tar.gz`.
    static func preferred(_ revision: Digest) -> String { "\(revision)\(suffix)" }

    /// The name when other bytes have the preferred one: `<algorithm>:<hex>-<12 hex of the artifact>.tar.gz`.
    static func alternate(_ revision: Digest, artifact: Digest) -> String {
        "\(revision)-\(artifact.hex.prefix(12))\(suffix)"
    }

    /// Whether a file of this name can be an artifact: one component of plain characters that is not the link.
    static func isValid(_ name: String) -> Bool {
        name.utf8.count <= 200 && name.hasSuffix(suffix) && name != StorageLayout.latestLink && !name.hasPrefix(".")
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: ":")
                    || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
            }
    }
}
