/// Which paths an archive has named so far, as files or as folders, in eight bytes for each.
///
/// It keeps keyed hashes, not names. A collision (one in 10^9 for a quarter of a million paths; the key is secret) makes a
/// path look taken, never free.
package struct PathTable: ~Copyable {
    /// What a path is.
    package enum Occupant: Sendable, Hashable {
        case none, file, folder
        /// A folder because something lies in it; no entry of its own yet.
        case impliedFolder
    }

    // A slot holds the hash with its two lowest bits replaced by the occupant; 0 is free.
    private var slots: [UInt64]
    private var used = 0

    /// An empty table.
    package init() {
        slots = [UInt64](repeating: 0, count: 1024)
    }

    /// Keys for the folders on the way to `path`, outermost first, and at the end for `path` itself; the same within one
    /// process. Nothing for the empty path.
    package static func keys(_ path: [UInt8]) -> [UInt64] {
        guard !path.isEmpty else { return [] }
        var keys: [UInt64] = []
        var hasher = Hasher()
        for component in path.split(separator: UInt8(ascii: "/")) {
            // The length keeps `a/bc` and `ab/c` apart.
            hasher.combine(component.count)
            unsafe component.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
            keys.append(UInt64(bitPattern: Int64(hasher.finalize())))
        }
        return keys
    }

    /// What is at the path with this key.
    package func occupant(_ key: UInt64) -> Occupant {
        Self.occupant(slots[slot(of: key)] & 3)
    }

    /// Puts an occupant at the path with this key, in the place of the one there.
    package mutating func set(_ key: UInt64, _ occupant: Occupant) {
        let index = slot(of: key)
        if slots[index] == 0 { used += 1 }
        slots[index] = (key & ~3) | Self.bits(occupant)
        if used * 4 > slots.count * 3 { grow() }
    }

    private func slot(of key: UInt64) -> Int {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: key >> 8) & mask
        while slots[index] != 0 && slots[index] & ~3 != key & ~3 { index = (index + 1) & mask }
        return index
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: old.count * 2)
        for entry in old where entry != 0 { slots[slot(of: entry)] = entry }
    }

    private static func bits(_ occupant: Occupant) -> UInt64 {
        switch occupant {
        case .none: 0
        case .file: 1
        case .folder: 2
        case .impliedFolder: 3
        }
    }

    private static func occupant(_ bits: UInt64) -> Occupant {
        switch bits {
        case 1: .file
        case 2: .folder
        case 3: .impliedFolder
        default: .none
        }
    }
}
