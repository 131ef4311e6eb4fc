extension String {
    /// The text in at most `limit` bytes (at least 3) of UTF-8: cut between characters where it is longer, with `...` at its end.
    package func shortened(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        // A prefix of bytes is text again after dropping at most the three bytes of a torn character.
        for dropped in 3...6 {
            if let text = String(utf8.prefix(max(limit - dropped, 0))) { return text + "..." }
        }
        return "..."
    }
}
