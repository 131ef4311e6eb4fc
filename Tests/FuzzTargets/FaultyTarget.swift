internal import Glibc

/// Readers with faults, to see that a run notices them.
extension FuzzTarget {
    /// One of each kind of fault.
    package enum Fault: String, CaseIterable, Sendable {
        case crash, hang, lie, leak
    }

    /// A reader that shows its fault now and then.
    package static func faulty(_ fault: Fault) -> FuzzTarget {
        FuzzTarget(name: "faulty-\(fault)", seeds: [FuzzCorpus.Seed(name: "text", bytes: Array("text".utf8))]) {
            input, _ in
            guard input != Array("text".utf8) else { return "text" }
            switch fault {
            case .crash: return input.count > 600 ? "\(input[input.count + 1])" : "text"
            case .hang:
                while input.count > 600 { usleep(1000) }
                return "text"
            case .lie: return input.count > 600 ? "another text" : "text"
            case .leak:
                unsafe _ = malloc(64 << 10).map { unsafe memset($0, 1, 64 << 10) }
                return "text"
            }
        }
    }
}
