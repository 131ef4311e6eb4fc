package import Core

/// The work queue as a state machine without clock and tasks: one entry per key, equal keys never run together, the most
/// urgent first, later ones when their time comes, failures backed off per key.
///
/// Times are readings of `TimeSource.uptime`.
package struct WorkQueueState<Key: Hashable & Sendable>: Sendable {
    /// An entry that is to be worked on now.
    package struct Work: Sendable, Hashable {
        package let key: Key
        package let priority: WorkPriority
        /// How long it was ready before it was taken.
        package let waited: Duration
        /// Failures in a row before this try.
        package let failures: Int
    }

    /// What there is to do.
    package enum Next: Sendable, Hashable {
        case work(Work)
        /// Nothing is ready before this time.
        case waitUntil(Duration)
        /// Nothing is ready, and nothing will be without an add.
        case idle
    }

    /// What becomes of a key after its work is done.
    package enum Completion: Sendable, Hashable {
        /// Nothing, until it is added again.
        case done
        /// Work again after a time; failures are forgotten.
        case again(after: Duration, priority: WorkPriority = .poll)
        /// Work again after the key's back-off, but not before `notBefore`.
        case retry(notBefore: Duration = .zero)
    }

    /// When and how urgently a key is to be worked on.
    private struct Plan: Sendable {
        var due: Duration
        var priority: WorkPriority

        /// Both wishes in one: the earlier time and the higher urgency.
        mutating func merge(_ other: Plan) {
            due = min(due, other.due)
            priority = max(priority, other.priority)
        }
    }

    private enum Phase: Sendable {
        case delayed(Plan, ticket: UInt64)
        case ready(WorkPriority, since: Duration, ticket: UInt64)
        /// At work; `next` is what was asked for meanwhile.
        case running(next: Plan?)
    }

    private struct Entry: Sendable {
        var phase: Phase
        var failures = 0
    }

    /// Of so many takes one goes to the key that has waited longest.
    private static var oldestEvery: Int { 4 }

    private let backoff: Backoff
    private var entries: [Key: Entry] = [:]
    private var delayed = DueHeap<Key>()
    private var ready: [Lane] = WorkPriority.allCases.map { _ in Lane() }
    private var nextTicket: UInt64 = 0
    /// How many entries were taken to work.
    private var taken = 0
    /// Keys that are ready.
    package private(set) var depth = 0
    /// Keys at work.
    package private(set) var runningCount = 0
    /// How often a key became ready that was not, however it came about: added, due, or wished for during its work.
    package private(set) var readiedCount = 0

    /// An empty queue.
    package init(backoff: Backoff = Backoff(base: .milliseconds(750), maximum: .seconds(900))) {
        self.backoff = backoff
    }

    /// Keys that are ready, delayed or at work.
    package var count: Int { entries.count }

    /// Whether the key has an entry.
    package func contains(_ key: Key) -> Bool { entries[key] != nil }

    /// Whether the key is at work.
    package func isRunning(_ key: Key) -> Bool {
        if case .running = entries[key]?.phase { true } else { false }
    }

    /// Asks for work on `key` after `delay`. Of several wishes for the same key the earliest time and the highest priority
    /// stand. A key at work is worked on once more afterwards.
    /// - Returns: whether the key became ready that was not.
    @discardableResult
    package mutating func add(
        _ key: Key, after delay: Duration = .zero, priority: WorkPriority, now: Duration
    ) -> Bool {
        let plan = Plan(due: now + max(delay, .zero), priority: priority)
        guard let entry = entries[key] else {
            entries[key] = Entry(phase: .running(next: nil))
            return schedule(key, plan, now: now)
        }
        switch entry.phase {
        case .running(var next):
            if next?.merge(plan) == nil { next = plan }
            entries[key]?.phase = .running(next: next)
            return false
        case .ready(let current, let since, _):
            // Ready is as early as can be; only the urgency can still grow.
            guard plan.due <= now, priority > current else { return false }
            makeReady(key, priority, since: since)
            return false
        case .delayed(var current, _):
            guard plan.due < current.due || priority > current.priority else { return false }
            // A more urgent wish for later must not make the earlier, less urgent one urgent before its time: but one
            // entry has one priority, and too urgent does no harm.
            current.merge(plan)
            return schedule(key, current, now: now)
        }
    }

    /// How long each key has been waiting that is due and not at work.
    package func waiting(now: Duration) -> [Key: Duration] {
        entries.compactMapValues { entry in
            switch entry.phase {
            case .ready(_, let since, _): now - since
            case .delayed(let plan, _): plan.due <= now ? now - plan.due : nil
            case .running: nil
            }
        }
    }

    /// Takes the most urgent ready entry, and every fourth time the one that has waited longest, whatever its urgency: many
    /// urgent ones must not keep the others waiting for ever. Its key is at work until `complete`.
    package mutating func next(now: Duration) -> Next {
        promote(now: now)
        let fronts = WorkPriority.allCases.reversed().compactMap { front(of: $0) }
        let isTurnOfTheOldest = taken % Self.oldestEvery == Self.oldestEvery - 1
        guard let front = isTurnOfTheOldest ? fronts.min(by: { $0.since < $1.since }) : fronts.first else {
            return delayed.first.map { .waitUntil($0.due) } ?? .idle
        }
        _ = ready[front.priority.rawValue].removeFirst()
        taken += 1
        entries[front.key]?.phase = .running(next: nil)
        depth -= 1
        runningCount += 1
        return .work(
            Work(
                key: front.key, priority: front.priority, waited: now - front.since,
                failures: entries[front.key]?.failures ?? 0))
    }

    /// The first of the keys that are ready with this priority. What is in its lane no longer with reason is dropped.
    private mutating func front(
        of priority: WorkPriority
    ) -> (key: Key, priority: WorkPriority, since: Duration)? {
        while let (key, ticket) = ready[priority.rawValue].first {
            if case .ready(let current, let since, ticket) = entries[key]?.phase { return (key, current, since) }
            _ = ready[priority.rawValue].removeFirst()
        }
        return nil
    }

    /// Ends the work on `key`.
    /// - Returns: whether another try was scheduled because of a failure.
    @discardableResult
    package mutating func complete(_ key: Key, _ completion: Completion, now: Duration) -> Bool {
        guard var entry = entries[key], case .running(let wanted) = entry.phase else { return false }
        runningCount -= 1
        var plan = wanted
        var isRetry = false
        switch completion {
        case .done: entry.failures = 0
        case .again(let delay, let priority):
            entry.failures = 0
            let again = Plan(due: now + max(delay, .zero), priority: priority)
            if plan?.merge(again) == nil { plan = again }
        case .retry(let notBefore):
            let delay = max(backoff.delay(attempt: entry.failures), notBefore)
            entry.failures += 1
            isRetry = true
            let retry = Plan(due: now + delay, priority: .poll)
            if plan?.merge(retry) == nil { plan = retry }
        }
        guard let plan else {
            entries[key] = nil
            return false
        }
        entries[key] = entry
        schedule(key, plan, now: now)
        return isRetry
    }

    /// Forgets the failures of `key`: its next failure waits the shortest back-off again.
    package mutating func forget(_ key: Key) {
        entries[key]?.failures = 0
    }

    /// Drops the entry of `key` unless it is at work; then only what was asked for meanwhile is dropped.
    package mutating func remove(_ key: Key) {
        switch entries[key]?.phase {
        case .running: entries[key]?.phase = .running(next: nil)
        case .ready:
            depth -= 1
            entries[key] = nil
        default: entries[key] = nil
        }
        compactIfWorthwhile()
    }

    // MARK: - Scheduling

    @discardableResult
    private mutating func schedule(_ key: Key, _ plan: Plan, now: Duration) -> Bool {
        if plan.due <= now {
            makeReady(key, plan.priority, since: now)
            return true
        }
        let ticket = takeTicket()
        entries[key]?.phase = .delayed(plan, ticket: ticket)
        delayed.insert(.init(due: plan.due, ticket: ticket, key: key))
        compactIfWorthwhile()
        return false
    }

    private mutating func makeReady(_ key: Key, _ priority: WorkPriority, since: Duration) {
        if case .ready = entries[key]?.phase {
        } else {
            depth += 1
            readiedCount += 1
        }
        let ticket = takeTicket()
        entries[key]?.phase = .ready(priority, since: since, ticket: ticket)
        ready[priority.rawValue].append(key, ticket)
    }

    /// Moves what is due from the heap to the ready lanes and drops stale heap entries on the way.
    private mutating func promote(now: Duration) {
        while let first = delayed.first {
            guard let phase = entries[first.key]?.phase, case .delayed(let plan, first.ticket) = phase else {
                _ = delayed.removeFirst()
                continue
            }
            guard first.due <= now else { return }
            _ = delayed.removeFirst()
            makeReady(first.key, plan.priority, since: first.due)
        }
    }

    /// Stale heap entries are dropped when they outnumber the live ones.
    private mutating func compactIfWorthwhile() {
        guard delayed.count > 64, delayed.count > entries.count * 2 else { return }
        let entries = entries
        delayed.compact { heapEntry in
            if case .delayed(_, heapEntry.ticket) = entries[heapEntry.key]?.phase { true } else { false }
        }
    }

    private mutating func takeTicket() -> UInt64 {
        nextTicket += 1
        return nextTicket
    }

    /// Keys of one priority, first in, first out.
    private struct Lane: Sendable {
        private var items: [(key: Key, ticket: UInt64)] = []
        private var head = 0

        var first: (key: Key, ticket: UInt64)? { head < items.count ? items[head] : nil }

        mutating func append(_ key: Key, _ ticket: UInt64) { items.append((key, ticket)) }

        mutating func removeFirst() -> (key: Key, ticket: UInt64)? {
            guard head < items.count else {
                items.removeAll(keepingCapacity: items.count <= 64)
                head = 0
                return nil
            }
            defer { head += 1 }
            if head >= 256 {
                items.removeFirst(head)
                head = 0
            }
            return items[head]
        }
    }
}
