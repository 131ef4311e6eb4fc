/// The name that was probably meant.
package enum Suggestion {
    /// The candidate with the smallest edit distance, at most a third of the text's length (2 for short ones).
    package static func closest(to text: String, among candidates: [String]) -> String? {
        guard text.utf8.count <= 100 else { return nil }
        let limit = max(2, text.utf8.count / 3)
        let ranked = candidates.map { (distance(text, $0), $0) }.filter { $0.0 <= limit }
        return ranked.min { ($0.0, $0.1) < ($1.0, $1.1) }?.1
    }

    private static func distance(_ one: String, _ other: String) -> Int {
        let first = Array(one.utf8)
        let second = Array(other.utf8)
        var previous = Array(0...second.count)
        for (row, byte) in first.enumerated() {
            var current = [row + 1]
            for (column, candidate) in second.enumerated() {
                current.append(
                    min(previous[column] + (byte == candidate ? 0 : 1), previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[second.count]
    }
}
