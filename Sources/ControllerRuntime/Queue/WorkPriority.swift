/// How urgent a reconciliation is; higher goes first.
package enum WorkPriority: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// An object that was there when the process started and looks current.
    case resync
    /// A poll whose time has come, or another try after a failure.
    case poll
    /// A person changed the object or asked for it.
    case requested
    /// Consumers wait for content that is not there.
    case contentMissing

    package static func < (one: WorkPriority, other: WorkPriority) -> Bool { one.rawValue < other.rawValue }
}
