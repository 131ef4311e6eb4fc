import ControllerRuntime
import Core
import KubernetesAPI
import TestSupport
import Testing

@Suite struct LeaderElectionStateTests {
    private let date = Timestamp(seconds: 1_795_168_186)
    private var random = SeededGenerator(5)
    private static let name = NamespacedName(namespace: "flux-system", name: "l")

    private func candidate(_ identity: String = "me") -> LeaderElectionState {
        LeaderElectionState(identity: identity, lease: Self.name)
    }

    private func lease(_ holder: String, version: Int = 1, transitions: Int64 = 0) -> Lease {
        Lease(
            metadata: ObjectMeta(name: "l", namespace: "flux-system", uid: "u", resourceVersion: String(version)),
            holderIdentity: holder, leaseDurationSeconds: 35, acquireTime: date, renewTime: date,
            leaseTransitions: transitions)
    }

    private mutating func leader() -> LeaderElectionState {
        var state = candidate()
        _ = state.nextStep(now: .zero, date: date)
        state.read(lease(""), now: .zero, date: date, using: &random)
        _ = state.nextStep(now: .zero, date: date)
        state.wrote(lease("me", version: 2), started: .zero, now: .milliseconds(1))
        return state
    }

    @Test mutating func aMissingLeaseIsCreated() {
        var state = candidate()
        #expect(state.nextStep(now: .zero, date: date) == .read(within: .seconds(10)))
        state.read(nil, now: .zero, date: date, using: &random)
        guard case .create(let lease, _) = state.nextStep(now: .zero, date: date) else {
            Issue.record("expected a creation")
            return
        }
        #expect(lease.holderIdentity == "me")
        #expect(lease.leaseDurationSeconds == 35)
        #expect(lease.acquireTime == date && lease.renewTime == date)
        #expect(lease.leaseTransitions == 0)
        #expect(!state.isLeading(at: .zero))
        state.wrote(lease, started: .zero, now: .milliseconds(5))
        #expect(state.isLeading(at: .seconds(29)))
        #expect(state.nextStep(now: .milliseconds(5), date: date) == .wait(.milliseconds(4995)))
    }

    @Test mutating func aFreeLeaseIsTakenOnTopOfItsVersion() {
        var state = candidate()
        state.read(lease("", version: 7, transitions: 3), now: .zero, date: date, using: &random)
        guard case .write(let lease, _) = state.nextStep(now: .zero, date: date) else {
            Issue.record("expected a write")
            return
        }
        #expect(lease.metadata.resourceVersion == "7")
        #expect(lease.holderIdentity == "me" && lease.leaseTransitions == 4)
    }

    @Test mutating func aHeldLeaseIsTakenOnlyAfterItWasUnchangedForItsDuration() {
        var state = candidate()
        var now = Duration.zero
        var version = 1
        // The other one renews for a while: every change starts the wait anew.
        for _ in 0..<10 {
            state.read(lease("other", version: version), now: now, date: date, using: &random)
            guard case .wait(let delay) = state.nextStep(now: now, date: date) else {
                Issue.record("expected a wait")
                return
            }
            #expect(delay >= .seconds(5) && delay < .seconds(11))
            now += .seconds(30)
            version += 1
        }
        let lastChange = now - .seconds(30)
        state.read(lease("other", version: version - 1), now: lastChange + .seconds(34), date: date, using: &random)
        guard case .wait = state.nextStep(now: lastChange + .seconds(34), date: date) else {
            Issue.record("taken too early")
            return
        }
        state.read(lease("other", version: version - 1), now: lastChange + .seconds(35), date: date, using: &random)
        let step = state.nextStep(now: lastChange + .seconds(60), date: date)
        guard case .write(let taken, _) = step else {
            Issue.record("expected a write, not \(step)")
            return
        }
        #expect(taken.holderIdentity == "me" && taken.leaseTransitions == 1)
    }

    @Test mutating func aFailureDoesNotStartTheWaitForADeadLeaderAnew() {
        var state = candidate()
        state.read(lease("other"), now: .zero, date: date, using: &random)
        state.failed(now: .seconds(20))
        state.read(lease("other"), now: .seconds(36), date: date, using: &random)
        guard case .write = state.nextStep(now: .seconds(47), date: date) else {
            Issue.record("expected a write")
            return
        }
    }

    @Test mutating func aLeaderRenewsEveryRetryPeriod() {
        var state = leader()
        #expect(state.nextStep(now: .seconds(1), date: date) == .wait(.seconds(4)))
        guard case .write(let lease, _) = state.nextStep(now: .seconds(5), date: date + .seconds(5)) else {
            Issue.record("expected a write")
            return
        }
        #expect(lease.acquireTime == date && lease.renewTime == date + .seconds(5))
        #expect(lease.metadata.resourceVersion == "2")
        #expect(lease.leaseTransitions == 0)
    }

    @Test mutating func aLeaderThatCannotRenewStepsDownBeforeAnybodyMayTakeOver() {
        var state = leader()
        var now = Duration.seconds(5)
        while now < .seconds(30) {
            switch state.nextStep(now: now, date: date) {
            case .wait(let delay): now += delay
            case .read(let limit), .write(_, let limit):
                // No request outlives the deadline.
                #expect(now + limit <= .seconds(30))
                state.failed(now: now)
            default: Issue.record("unexpected step")
            }
            #expect(state.isLeading(at: now) == (now < .seconds(30)))
        }
        #expect(state.nextStep(now: .seconds(30), date: date) == .lost)
        #expect(!state.isLeading(at: .zero))
        #expect(state.release(date: date) == .none)
    }

    @Test mutating func aSuspendedLeaderIsNone() {
        let state = leader()
        #expect(state.isLeading(at: .seconds(29)))
        #expect(!state.isLeading(at: .seconds(31)))
    }

    @Test mutating func aLeaderThatSeesAnotherHolderHasLost() {
        var state = leader()
        state.failed(now: .seconds(5))
        #expect(state.nextStep(now: .seconds(10), date: date) == .read(within: .seconds(10)))
        state.read(lease("other", version: 9), now: .seconds(10), date: date, using: &random)
        #expect(state.nextStep(now: .seconds(10), date: date) == .lost)
        #expect(state.holder == "other")
    }

    @Test mutating func aLeaseGivenUpIsFreeAtOnce() {
        let state = leader()
        guard case .write(let released) = state.release(date: date + .seconds(9)) else {
            Issue.record("expected a lease")
            return
        }
        #expect(released.holderIdentity.isEmpty && released.leaseDurationSeconds == 1)
        #expect(released.metadata.resourceVersion == "2")
        #expect(candidate().release(date: date) == .none)
        #expect(state.released(lease("other", version: 9), date: date) == nil)
    }

    /// Whether the server did what was cancelled, only the server knows.
    @Test mutating func afterAWriteWithoutAnAnswerTheLeaseIsReadBeforeItIsGivenUp() {
        var state = leader()
        #expect(state.release(date: date) != .read)
        guard case .write = state.nextStep(now: .seconds(10), date: date) else {
            Issue.record("expected a renewal")
            return
        }
        #expect(state.release(date: date) == .read)
        state.failed(now: .seconds(10))
        #expect(state.release(date: date) == .read)
        // One that never led may hold the lease without knowing it.
        state = candidate()
        _ = state.nextStep(now: .zero, date: date)
        #expect(state.release(date: date) == .none)
        state.read(nil, now: .zero, date: date, using: &random)
        #expect(state.release(date: date) == .none)
        _ = state.nextStep(now: .zero, date: date)
        state.failed(now: .zero)
        #expect(state.release(date: date) == .read)
        state.read(lease("other", version: 9), now: .zero, date: date, using: &random)
        #expect(state.release(date: date) == .none)
    }

    @Test(
        arguments: [
            (LeaderElectionState.Timing(), true),
            (.init(leaseDuration: .seconds(30), renewDeadline: .seconds(30)), false),
            (.init(leaseDuration: .seconds(20), renewDeadline: .seconds(6), retryPeriod: .seconds(5)), false),
            (.init(leaseDuration: .seconds(20), renewDeadline: .seconds(6), retryPeriod: .zero), false),
        ])
    func timesAreChecked(_ timing: LeaderElectionState.Timing, _ isValid: Bool) {
        #expect((timing.fault == nil) == isValid)
    }
}
