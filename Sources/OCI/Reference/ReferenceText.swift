internal import Core

/// References that hold more than a reference, where people and tools put passwords and tokens.
enum ReferenceText {
    /// Refuses a query, of which nothing is shown.
    /// - Parameter kind: what `text` is called in the message.
    /// - Throws: `OCIError` with code `invalidReference` if `text` has a `?`.
    static func refuseQuery(in text: some StringProtocol, called kind: String) throws(OCIError) {
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return }
        let rest = text[..<mark]
        // A user and a password before the host are not shown either.
        let shown =
            rest.utf8.contains(UInt8(ascii: "@")) ? "" : " '\(RemoteText.printable(rest))?***'"
        throw OCIError(
            .invalidReference, "\(kind)\(shown) has a query ('?'), which does not belong into it; remove it")
    }
}
