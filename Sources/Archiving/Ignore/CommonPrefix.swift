extension ArraySlice<UInt8> {
    /// How many bytes both start with.
    func commonPrefixCount(with other: ArraySlice<UInt8>) -> Int {
        let limit = Swift.min(count, other.count)
        var length = 0
        while length < limit, self[startIndex + length] == other[other.startIndex + length] { length += 1 }
        return length
    }
}
