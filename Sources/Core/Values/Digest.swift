/// A content digest: `<algorithm>:<hex>` (OCI image specification 1.1, descriptor, section "Digests").
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// A hash that digests may be made with.
    package enum Algorithm: String, Sendable, Hashable, CaseIterable {
        case sha256, sha384, sha512

        /// The number of bytes of a digest.
        package var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }
    }

    /// Why a text is no digest.
    package struct ParsingError: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    package let algorithm: Algorithm
    /// The raw hash, `algorithm.byteCount` bytes.
    package let bytes: [UInt8]

    /// A digest of known bytes.
    /// - Precondition: `bytes` has exactly `algorithm.byteCount` bytes; it comes from a hash function, never from input.
    package init(algorithm: Algorithm, bytes: [UInt8]) {
        precondition(bytes.count == algorithm.byteCount, "a \(algorithm) digest has \(algorithm.byteCount) bytes")
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// Parses `<algorithm>:<lower-case hex>`.
    /// - Throws: `ParsingError` naming what is wrong: no colon, an unknown algorithm, wrong length, a bad digit.
    package init(parsing text: some StringProtocol) throws(ParsingError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw ParsingError(description: "digest '\(Self.shortened(text))' has no ':' between algorithm and hex")
        }
        let name = String(text[..<colon])
        guard let algorithm = Algorithm(rawValue: name) else {
            throw ParsingError(
                description: "digest algorithm '\(Self.shortened(name))' is not supported; use sha256, sha384 or sha512"
            )
        }
        let hex = text[text.index(after: colon)...]
        guard hex.utf8.count == algorithm.byteCount * 2 else {
            throw ParsingError(
                description: "a \(name) digest has \(algorithm.byteCount * 2) hexadecimal digits, not \(hex.utf8.count)"
            )
        }
        guard let bytes = Hexadecimal.decode(hex) else {
            throw ParsingError(description: "digest '\(Self.shortened(text))' is not lower-case hexadecimal")
        }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// The hash in lower-case hexadecimal.
    package var hex: String { Hexadecimal.encode(bytes) }

    package var description: String { "\(algorithm.rawValue):\(hex)" }

    private static func shortened(_ text: some StringProtocol) -> String {
        text.utf8.count <= 140 ? String(text) : String(text.prefix(140)) + "..."
    }
}
