internal import Core

/// Names and identities that the server makes.
enum NameGenerator {
    private static let letters = [UInt8]("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// `prefix`, cut to leave room, and five random letters (k8s.io/apiserver `names.SimpleNameGenerator`).
    static func name(prefix: String) -> String {
        let suffix = (0..<5).compactMap { _ in letters.randomElement() }
        return String(decoding: prefix.utf8.prefix(58), as: UTF8.self) + String(decoding: suffix, as: UTF8.self)
    }

    /// A random UUID (RFC 9562, version 4).
    static func uid() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        let text = Hexadecimal.encode(bytes)
        var parts: [Substring] = []
        var rest = text[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }
}
