internal import Core
internal import KubernetesAPI

/// The conditions of one object while a new status is made.
struct ConditionSet {
    /// The longest message that the API accepts, in bytes.
    private static let maximumMessageBytes = 32_768

    private var conditions: [String: Condition]
    /// As they were at the start: what is set on the way and set again leaves no trace.
    private let original: [String: Condition]
    private let generation: Int64
    private let now: Timestamp

    /// Starts from `conditions`; what is set is observed at `generation` and, where it differs, changed at `now`.
    init(_ conditions: [Condition], generation: Int64, now: Timestamp) {
        original = Dictionary(conditions.map { ($0.type, $0) }, uniquingKeysWith: { _, last in last })
        self.conditions = original
        self.generation = generation
        self.now = Timestamp(seconds: now.seconds)
    }

    subscript(type: String) -> Condition? { conditions[type] }

    /// Whether the condition is present and True.
    func isTrue(_ type: String) -> Bool { conditions[type]?.status == .yes }

    /// Sets a condition. Its transition time changes only when status, reason or message do.
    mutating func set(_ type: String, _ status: Condition.Status, reason: String, message: String) {
        let text = message.shortened(toBytes: Self.maximumMessageBytes)
        var condition = Condition(
            type: type, status: status, reason: reason, message: text, lastTransitionTime: now,
            observedGeneration: generation)
        if let old = original[type], old.status == status, old.reason == reason, old.message == text {
            condition.lastTransitionTime = old.lastTransitionTime
        }
        conditions[type] = condition
    }

    /// Removes the conditions of these types.
    mutating func remove(_ types: String...) {
        for type in types { conditions[type] = nil }
    }

    /// The conditions in the order in which they are shown: Stalled, Reconciling, Ready, then the others, newer
    /// generations first, then by name.
    var sorted: [Condition] {
        let first = [ConditionType.stalled, ConditionType.reconciling, ConditionType.ready]
        return conditions.values.sorted { one, other in
            let ranks = (first.firstIndex(of: one.type) ?? first.count, first.firstIndex(of: other.type) ?? first.count)
            if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
            if one.observedGeneration != other.observedGeneration {
                return one.observedGeneration > other.observedGeneration
            }
            return one.type < other.type
        }
    }
}
