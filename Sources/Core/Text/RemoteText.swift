/// Text that a remote party chose, made fit for a message, a status or a log line.
package enum RemoteText {
    /// `text` with at most `limit` Unicode scalars, on one line: runs of spaces and of characters that do not print
    /// (controls, formatting such as bidirectional overrides, private use, line separators) become one space each.
    /// What was cut is marked with `...`, within the limit.
    ///
    /// Scalars are counted, not characters: one character may be made of any number of combining marks.
    package static func printable(_ text: some StringProtocol, limit: Int = 256) -> String {
        var scalars = String.UnicodeScalarView()
        var count = 0
        var isAfterGap = false
        for scalar in text.unicodeScalars {
            if scalar == " " || !isPrintable(scalar) {
                isAfterGap = count > 0
                continue
            }
            let needed = isAfterGap ? 2 : 1
            guard count + needed <= limit else {
                for _ in 0..<min(max(count + 3 - limit, 0), count) { scalars.removeLast() }
                scalars.append(contentsOf: "...".unicodeScalars.prefix(max(limit, 0)))
                return String(scalars)
            }
            if isAfterGap { scalars.append(" ") }
            scalars.append(scalar)
            count += needed
            isAfterGap = false
        }
        return String(scalars)
    }

    /// UTF-8 (repaired) as printable text; only the bytes that can matter are looked at. See `printable(_:limit:)`.
    package static func printable(bytes: some Collection<UInt8>, limit: Int = 256) -> String {
        // Four bytes for each scalar, and as much again for runs that shrink to one space.
        let window = max(limit, 0).multipliedReportingOverflow(by: 8)
        let looked = bytes.prefix(window.overflow ? Int.max : window.partialValue + 16)
        return printable(String(decoding: looked, as: UTF8.self), limit: limit)
    }

    /// Whether a scalar is visible on its own, or a plain space, and leaves the text around it as it is.
    package static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20...0x7e).contains(scalar.value) }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .unassigned, .privateUse,
            .surrogate:
            false
        default: true
        }
    }
}
