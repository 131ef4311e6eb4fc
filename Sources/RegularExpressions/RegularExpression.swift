internal import CRE2

/// A regular expression in RE2 syntax, which is Go's `regexp` syntax; matching takes time linear in the text.
///
/// Compile once and share: matching is thread-safe.
@safe
package final class RegularExpression: Sendable {
    /// What an expression may cost.
    package struct Limits: Sendable, Hashable {
        /// Bytes of the pattern's text.
        package var patternBytes: Int
        /// Bytes of the compiled program and its caches together.
        package var memory: Int

        /// 4 KiB of pattern and 8 MiB of memory unless told otherwise.
        package init(patternBytes: Int = 4096, memory: Int = 8 << 20) {
            self.patternBytes = patternBytes
            self.memory = memory
        }
    }

    /// The pattern as given.
    package let pattern: String
    // RE2 objects are immutable after compiling; their internal caches take their own locks.
    private nonisolated(unsafe) let handle: OpaquePointer

    /// Compiles `pattern`.
    /// - Throws: `RegularExpressionError` naming the faulty fragment and its place, or the limit that was exceeded.
    package init(_ pattern: String, limits: Limits = Limits()) throws(RegularExpressionError) {
        guard pattern.utf8.count <= limits.patternBytes else {
            throw RegularExpressionError.tooLong(bytes: pattern.utf8.count, limit: limits.patternBytes)
        }
        do {
            unsafe handle = try Self.compile(pattern, pattern, limits)
        } catch {
            // Only what does not compile as it stands is rewritten: no pattern changes its meaning.
            guard let rewritten = NamedGroups.rewritten(pattern) else { throw error }
            unsafe handle = try Self.compile(rewritten, pattern, limits)
        }
        self.pattern = pattern
    }

    /// - Parameter pattern: what `text` was written as, for messages.
    private static func compile(
        _ text: String, _ pattern: String, _ limits: Limits
    ) throws(RegularExpressionError) -> OpaquePointer {
        var text = text
        let compiled = text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe cre2_compile(characters.baseAddress, characters.count, Int64(limits.memory))
            }
        }
        guard let compiled = unsafe compiled else { throw RegularExpressionError.outOfMemory(pattern: pattern) }
        if let message = unsafe cre2_error(compiled) {
            let description = unsafe String(cString: message)
            let fragment = unsafe cre2_error_fragment(compiled).map { unsafe String(cString: $0) } ?? ""
            unsafe cre2_free(compiled)
            throw RegularExpressionError.syntax(pattern: pattern, description: description, fragment: fragment)
        }
        return unsafe compiled
    }

    deinit {
        unsafe cre2_free(handle)
    }

    /// Whether some part of `text` matches; anchor the pattern with `^` and `$` to match all of it.
    package func matches(anywhereIn text: String) -> Bool {
        var text = text
        return text.withUTF8 { unsafe matches($0) }
    }

    /// Whether some part of `bytes` (UTF-8) matches; bytes that are no UTF-8 match no character.
    package func matches(anywhereIn bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { unsafe matches($0) }
    }

    private func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
            unsafe cre2_matches(handle, characters.baseAddress, characters.count) == 1
        }
    }
}
