internal import Core

/// One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.6.1).
struct AuthenticationChallenge: Sendable, Hashable {
    /// Lower case: `basic`, `bearer`.
    let scheme: String
    /// By lower-case name; of a name that is there twice the first counts.
    let parameters: [String: String]

    static let maximumLength = 8 << 10
    static let maximumChallenges = 16

    /// The challenges of every `WWW-Authenticate` line, in order. What does not parse ends its line's reading.
    static func parse(_ headers: HTTPFields) -> [AuthenticationChallenge] {
        var challenges: [AuthenticationChallenge] = []
        for line in headers.values(of: "WWW-Authenticate") where line.utf8.count <= maximumLength {
            var parser = Parser(bytes: Array(line.utf8))
            while challenges.count < maximumChallenges, let challenge = parser.nextChallenge() {
                challenges.append(challenge)
            }
        }
        return challenges
    }

    private struct Parser {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func nextChallenge() -> AuthenticationChallenge? {
            skipSeparators()
            guard let scheme = token() else { return nil }
            var parameters: [String: String] = [:]
            while true {
                let start = position
                skipSeparators()
                guard let name = token(), skipBlanks(), consume(UInt8(ascii: "=")), skipBlanks(), let value = value()
                else {
                    // Not a parameter: the next challenge's scheme, or the end.
                    position = start
                    break
                }
                let key = name.lowercased()
                if parameters[key] == nil { parameters[key] = value }
            }
            // A token68 credential (`Negotiate abc==`) is stepped over.
            if parameters.isEmpty { skipToken68() }
            return AuthenticationChallenge(scheme: scheme.lowercased(), parameters: parameters)
        }

        private mutating func token() -> String? {
            let start = position
            while position < bytes.count, Self.isTokenCharacter(bytes[position]) { position += 1 }
            return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
        }

        private mutating func value() -> String? {
            guard consume(UInt8(ascii: "\"")) else { return token() }
            var text: [UInt8] = []
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), position < bytes.count {
                    text.append(bytes[position])
                    position += 1
                } else {
                    text.append(byte)
                }
            }
            return nil
        }

        private mutating func skipToken68() {
            let start = position
            guard consume(0x20) else { return }
            _ = skipBlanks()
            let textStart = position
            while position < bytes.count, Self.isToken68Character(bytes[position]) { position += 1 }
            let end = position
            _ = skipBlanks()
            // A scheme without parameters may be followed by the next one; then this was no token68.
            let isAtBoundary = position == bytes.count || bytes[position] == UInt8(ascii: ",")
            if end == textStart || !isAtBoundary { position = start }
        }

        private mutating func consume(_ byte: UInt8) -> Bool {
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        private mutating func skipBlanks() -> Bool {
            while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
            return true
        }

        private mutating func skipSeparators() {
            while position < bytes.count, [0x20, 0x09, UInt8(ascii: ",")].contains(bytes[position]) { position += 1 }
        }

        private static func isTokenCharacter(_ byte: UInt8) -> Bool {
            (0x21...0x7e).contains(byte) && !Array("\"(),/:;<=>?@[\\]{}".utf8).contains(byte)
        }

        private static func isToken68Character(_ byte: UInt8) -> Bool {
            isTokenCharacter(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
                || byte == UInt8(ascii: ":")
        }
    }
}
