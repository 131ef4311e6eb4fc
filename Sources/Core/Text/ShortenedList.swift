extension Collection<String> {
    /// The texts in a row, for messages: `a, b, c`, and `a, b and 7 more` when there are more than `limit`.
    package func listed(atMost limit: Int, separator: String = ", ") -> String {
        let shown = prefix(limit).joined(separator: separator)
        return count > limit ? "\(shown) and \(count - limit) more" : shown
    }
}
