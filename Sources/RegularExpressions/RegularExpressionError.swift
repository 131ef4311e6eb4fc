internal import Core

/// Why a pattern is no usable regular expression.
package struct RegularExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of fault.
    package struct Code: Sendable, Hashable {
        private enum Kind: Hashable { case syntax, tooLong, tooComplex }
        private let kind: Kind

        /// The pattern does not follow RE2's syntax.
        package static let syntax = Code(kind: .syntax)
        /// The pattern's text exceeds its limit.
        package static let tooLong = Code(kind: .tooLong)
        /// The compiled pattern would exceed its memory limit.
        package static let tooComplex = Code(kind: .tooComplex)
    }

    package let code: Code
    /// The part of the pattern that is wrong; empty where none can be named.
    package let fragment: String
    /// Byte offset of the fragment's first occurrence in the pattern, from 0.
    package let offset: Int?
    package let description: String

    static func tooLong(bytes: Int, limit: Int) -> RegularExpressionError {
        RegularExpressionError(
            code: .tooLong, fragment: "", offset: nil,
            description: "the regular expression has \(bytes) bytes, more than the limit of \(limit)")
    }

    static func outOfMemory(pattern: String) -> RegularExpressionError {
        RegularExpressionError(
            code: .tooComplex, fragment: "", offset: nil,
            description: "no memory to compile the regular expression '\(RemoteText.printable(pattern, limit: 100))'")
    }

    static func syntax(pattern: String, description: String, fragment: String) -> RegularExpressionError {
        let isSize = description.hasPrefix("pattern too large")
        let offset = fragment.isEmpty ? nil : firstOccurrence(of: Array(fragment.utf8), in: Array(pattern.utf8))
        // RE2's message repeats the fragment after a colon; the fragment is named below, with its place.
        let reason = description.split(separator: ":", maxSplits: 1).first.map(String.init) ?? description
        var message = "the regular expression '\(RemoteText.printable(pattern, limit: 100))' is invalid: \(reason)"
        if isSize {
            message =
                "the regular expression '\(RemoteText.printable(pattern, limit: 100))' is too complex to compile within its memory limit"
        } else if !fragment.isEmpty {
            message += ": '\(RemoteText.printable(fragment, limit: 100))'"
            if let offset { message += " at byte \(offset)" }
        }
        return RegularExpressionError(
            code: isSize ? .tooComplex : .syntax, fragment: fragment, offset: offset, description: message)
    }

    private static func firstOccurrence(of fragment: [UInt8], in pattern: [UInt8]) -> Int? {
        guard fragment.count <= pattern.count else { return nil }
        return (0...pattern.count - fragment.count).first { start in
            pattern[start..<start + fragment.count].elementsEqual(fragment)
        }
    }
}
