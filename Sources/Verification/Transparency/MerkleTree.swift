internal import Core
internal import Cryptography

/// Merkle trees of logs (RFC 6962, section 2.1), with SHA-256.
enum MerkleTree {
    /// The hash of a leaf.
    static func leafHash(_ entry: [UInt8]) -> [UInt8] { Digest.of([0] + entry).bytes }

    /// The hash of two subtrees.
    static func nodeHash(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] { Digest.of([1] + left + right).bytes }

    /// The root that a leaf and its audit path lead to; nil when the path does not have the length that the place of the
    /// leaf demands (RFC 9162, section 2.1.3.2).
    static func root(leaf: [UInt8], index: Int64, size: Int64, path: [[UInt8]]) -> [UInt8]? {
        guard index >= 0, index < size else { return nil }
        // Up to where the paths of this leaf and of the last one meet, siblings are on either side; above, on the left.
        let inner = Int64.bitWidth - (index ^ (size - 1)).leadingZeroBitCount
        let border = inner < Int64.bitWidth ? (index >> Int64(inner)).nonzeroBitCount : 0
        guard path.count == inner + border else { return nil }
        var hash = leafHash(leaf)
        for (level, sibling) in path.enumerated() {
            let isLeft = level < inner && (index >> Int64(level)) & 1 == 0
            hash = isLeft ? nodeHash(hash, sibling) : nodeHash(sibling, hash)
        }
        return hash
    }
}
