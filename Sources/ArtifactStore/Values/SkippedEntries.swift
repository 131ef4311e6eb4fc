internal import Archiving
internal import Core

/// Entries of a layer that an artifact cannot hold: links, devices, names that consumers refuse. Files that ignore rules
/// leave out are not among them.
package struct SkippedEntries: Sendable, Hashable, CustomStringConvertible {
    /// Why an entry was skipped, and what kind it was.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        case link, device, sparse, other, backslash, conflict

        fileprivate var words: String {
            switch self {
            case .link: "symbolic or hard links"
            case .device: "devices or FIFOs"
            case .sparse: "sparse files"
            case .other: "entries of unknown type"
            case .backslash: "names with a backslash"
            case .conflict: "paths that are both a file and a folder"
            }
        }
    }

    /// How many for each reason.
    package private(set) var counts: [Reason: Int] = [:]
    /// The first few names, printable and cut.
    package private(set) var examples: [String] = []

    static let exampleLimit = 5

    package init() {}

    init(counts: [Reason: Int], examples: [String]) {
        self.counts = counts
        self.examples = examples
    }

    /// Whether nothing was skipped.
    package var isEmpty: Bool { counts.isEmpty }

    /// All of them.
    package var count: Int { counts.values.reduce(0, +) }

    /// For an event: `skipped 3 entries of the layer (symbolic or hard links: 2, devices or FIFOs: 1): a, b, c`.
    package var description: String {
        let parts = Reason.allCases.compactMap { reason in counts[reason].map { "\(reason.words): \($0)" } }
        let more = count > examples.count ? " and \(count - examples.count) more" : ""
        let names = examples.joined(separator: ", ") + more
        let noun = count == 1 ? "entry" : "entries"
        return "skipped \(count) \(noun) of the layer (\(parts.joined(separator: ", "))): \(names)"
    }

    mutating func add(_ reason: Reason, _ name: [UInt8]) {
        counts[reason, default: 0] += 1
        if examples.count < Self.exampleLimit { examples.append(RemoteText.printable(bytes: name)) }
    }
}

extension SkippedEntries.Reason {
    /// Why an entry of this kind cannot be in an artifact; nil for files and folders.
    init?(_ kind: TarEntry.Kind) {
        switch kind {
        case .regular, .directory: return nil
        case .symbolicLink, .hardLink: self = .link
        case .characterDevice, .blockDevice, .fifo: self = .device
        case .sparse: self = .sparse
        case .other: self = .other
        }
    }
}
