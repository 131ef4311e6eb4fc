internal import Core
internal import Cryptography

/// Merkle trees straight from their definition (RFC 6962, section 2.1), as an oracle.
package enum MerkleOracle {
    /// The root hash of the entries.
    package static func root(_ entries: ArraySlice<[UInt8]>) -> [UInt8] {
        if entries.count == 1, let only = entries.first { return Digest.of([0] + only).bytes }
        let split = entries.startIndex + half(entries.count)
        return Digest.of([1] + root(entries[..<split]) + root(entries[split...])).bytes
    }

    /// The audit path of the entry at `index` (counted from the slice's start).
    package static func path(_ index: Int, _ entries: ArraySlice<[UInt8]>) -> [[UInt8]] {
        guard entries.count > 1 else { return [] }
        let half = half(entries.count)
        let split = entries.startIndex + half
        return index < half
            ? path(index, entries[..<split]) + [root(entries[split...])]
            : path(index - half, entries[split...]) + [root(entries[..<split])]
    }

    private static func half(_ count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }
}
