internal import Core

/// References that hold more than a reference, where people and tools put passwords and tokens.
enum ReferenceText {
    /// Refuses a query, of which nothing is shown.
    /// - Parameter kind: what `text` is called in the message.
    /// - Throws: `OCIError` with code `invalidReference` if `text` has a `?`.
    static func refuseQuery(in text: some StringProtocol, called kind: String) throws(OCIError) {
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return }
        throw OCIError(
            .invalidReference,
            "\(kind)\(shown(text[..<mark], "?***")) has a query ('?'), which does not belong into it; remove it")
    }

    /// `text` for a message, quoted and with a space before it; empty where a user and a password may stand before the host.
    static func shown(_ text: some StringProtocol, _ suffix: String = "") -> String {
        text.utf8.contains(UInt8(ascii: "@")) ? "" : " '\(RemoteText.printable(text))\(suffix)'"
    }
}
