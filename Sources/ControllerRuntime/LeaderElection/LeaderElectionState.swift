package import Core
package import KubernetesAPI

/// Leader election on a Lease as a state machine without I/O, with client-go's rules: whoever holds the lease renews it;
/// somebody else may take it once it was not seen to change for the lease duration, by the watcher's own clock (clocks of
/// other machines are never compared); a leader that cannot renew within the renew deadline steps down before that.
package struct LeaderElectionState: Sendable {
    /// The times of an election.
    package struct Timing: Sendable, Hashable {
        /// How long others leave an unchanged lease alone.
        package var leaseDuration: Duration
        /// How long a leader goes on without a successful renewal; less than the lease duration.
        package var renewDeadline: Duration
        /// Between tries.
        package var retryPeriod: Duration

        /// Upstream's times unless told otherwise.
        package init(
            leaseDuration: Duration = .seconds(35), renewDeadline: Duration = .seconds(30),
            retryPeriod: Duration = .seconds(5)
        ) {
            self.leaseDuration = leaseDuration
            self.renewDeadline = renewDeadline
            self.retryPeriod = retryPeriod
        }

        /// What is wrong with the times; nil if nothing is.
        package var fault: String? {
            if leaseDuration <= renewDeadline { return "the lease duration must be longer than the renew deadline" }
            if renewDeadline <= retryPeriod * 1.2 {
                return "the renew deadline must be longer than 1.2 times the retry period"
            }
            if retryPeriod <= .zero { return "the retry period must be longer than zero" }
            if leaseDuration < .seconds(1) { return "the lease duration must be a second or more" }
            return nil
        }
    }

    /// What to do next.
    package enum Step: Sendable, Hashable {
        /// Get the lease and report it.
        case read(within: Duration)
        /// Create the lease and report what came of it.
        case create(Lease, within: Duration)
        /// Replace the lease's content, on top of its resource version, and report what came of it.
        case write(Lease, within: Duration)
        /// Wait, then ask again.
        case wait(Duration)
        /// The leadership is lost: stop everything that only a leader may do.
        case lost
    }

    /// How the lease is given up by a candidate that stops of its own accord.
    package enum Release: Sendable, Hashable {
        /// There is nothing to give up.
        case none
        /// Replace the lease's content, on top of its resource version.
        case write(Lease)
        /// What the server has is not known: read the lease, and ask `released(_:date:)` about it.
        case read
    }

    private enum Plan: Sendable {
        case create(Lease)
        case write(Lease)
    }

    private let identity: String
    private let name: NamespacedName
    private let timing: Timing
    private var observed: (lease: Lease, at: Duration)?
    private var planned: Plan?
    private var nextTry: Duration = .zero
    /// The start of the last write that succeeded, while leading.
    private var renewed: Duration?
    private var isLost = false
    /// A write was begun of which nobody knows whether the server did it: its answer is not there, or was lost.
    private var mayHaveWritten = false

    /// A candidate that has seen nothing yet.
    package init(identity: String, lease name: NamespacedName, timing: Timing = Timing()) {
        self.identity = identity
        self.name = name
        self.timing = timing
    }

    /// Whether the candidate may act as the leader at the time `now`.
    package func isLeading(at now: Duration) -> Bool {
        guard let renewed, !isLost else { return false }
        return now - renewed < timing.renewDeadline
    }

    /// Who holds the lease as far as is known; empty if nobody.
    package var holder: String { observed?.lease.holderIdentity ?? "" }

    /// What to do at the time `now`.
    /// - Parameters:
    ///   - now: a reading of `TimeSource.uptime`.
    ///   - date: the time of day, for the lease's fields.
    package mutating func nextStep(now: Duration, date: Timestamp) -> Step {
        if isLost { return .lost }
        var patience = timing.retryPeriod * 2
        if let renewed {
            let rest = renewed + timing.renewDeadline - now
            guard rest > .zero else {
                isLost = true
                return .lost
            }
            patience = min(patience, rest)
            if now < nextTry { return .wait(min(nextTry - now, rest)) }
        } else if now < nextTry {
            return .wait(nextTry - now)
        }
        if let planned = planned.take() {
            mayHaveWritten = true
            return switch planned {
            case .create(let lease): .create(lease, within: patience)
            case .write(let lease): .write(lease, within: patience)
            }
        }
        // A leader knows the lease: nobody else can have changed it without a conflict.
        if renewed != nil, let observed {
            mayHaveWritten = true
            return .write(content(after: observed.lease, date), within: patience)
        }
        return .read(within: patience)
    }

    /// The lease was read; nil if it does not exist.
    package mutating func read(
        _ lease: Lease?, now: Duration, date: Timestamp, using random: inout some RandomNumberGenerator
    ) {
        mayHaveWritten = false
        guard let lease else {
            observed = nil
            planned = .create(content(after: nil, date))
            return
        }
        if observed?.lease != lease { observed = (lease, now) }
        let isOurs = lease.holderIdentity == identity
        if renewed != nil, !isOurs {
            isLost = true
            return
        }
        let seenAt = observed?.at ?? now
        if isOurs || lease.holderIdentity.isEmpty || now - seenAt >= timing.leaseDuration {
            planned = .write(content(after: lease, date))
        } else {
            nextTry = now + timing.retryPeriod * Double.random(in: 1..<2.2, using: &random)
        }
    }

    /// The write succeeded: we are the leader.
    /// - Parameters:
    ///   - lease: as the server has it now.
    ///   - started: when the write was begun; from then on the lease counts.
    package mutating func wrote(_ lease: Lease, started: Duration, now: Duration) {
        observed = (lease, now)
        mayHaveWritten = false
        renewed = started
        nextTry = started + timing.retryPeriod
    }

    /// A step failed, whatever it was; the lease is read anew before anything is written.
    package mutating func failed(now: Duration) {
        planned = nil
        // A leader reads before its next write; a follower keeps what it saw, or a broken connection would start the wait
        // for a dead leader anew.
        if renewed != nil { observed = nil }
        nextTry = now + timing.retryPeriod
    }

    /// How to give the lease up. A write that was cancelled on its way may have reached the server, so that the lease it was
    /// based on is no longer the one to write on.
    /// - Parameter date: the time of day, for the lease's fields.
    package func release(date: Timestamp) -> Release {
        guard !isLost else { return .none }
        // A leader that knows no lease had a step that failed.
        guard !mayHaveWritten, let observed else { return mayHaveWritten || renewed != nil ? .read : .none }
        return released(observed.lease, date: date).map { .write($0) } ?? .none
    }

    /// `lease`, as the server has it, given up; nil if it is not ours.
    package func released(_ lease: Lease, date: Timestamp) -> Lease? {
        guard lease.holderIdentity == identity else { return nil }
        var lease = lease
        lease.holderIdentity = ""
        lease.leaseDurationSeconds = 1
        lease.renewTime = date
        lease.acquireTime = date
        return lease
    }

    private func content(after old: Lease?, _ date: Timestamp) -> Lease {
        var lease = old ?? Lease(metadata: ObjectMeta(name: name.name, namespace: name.namespace))
        if lease.holderIdentity != identity {
            lease.acquireTime = date
            if old != nil { lease.leaseTransitions += 1 }
        }
        lease.holderIdentity = identity
        lease.leaseDurationSeconds = timing.leaseDuration.components.seconds
        lease.renewTime = date
        return lease
    }
}
