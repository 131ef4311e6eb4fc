import Core
import KubernetesClient
import TestSupport
import Testing

@Suite struct WatchStateMachineTests {
    private var random = SeededGenerator(6)

    private mutating func watching() -> WatchStateMachine {
        var machine = WatchStateMachine(pageSize: 2)
        _ = machine.nextStep(using: &random)
        _ = machine.receivedPage(resourceVersion: "10", continueToken: "")
        return machine
    }

    private func isWatch(_ step: WatchStateMachine.Step, from version: String) -> Bool {
        guard case .watch(version, let timeout) = step else { return false }
        return (Duration.seconds(270)...Duration.seconds(310)).contains(timeout)
    }

    @Test mutating func listsInPagesThenWatches() {
        var machine = WatchStateMachine(pageSize: 2)
        #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: 2))
        #expect(machine.receivedPage(resourceVersion: "10", continueToken: "t") == .buffer)
        #expect(machine.nextStep(using: &random) == .list(continueToken: "t", limit: 2))
        #expect(machine.receivedPage(resourceVersion: "10", continueToken: "") == .bufferAndSwap)
        let step1 = machine.nextStep(using: &random)
        #expect(isWatch(step1, from: "10"))
    }

    @Test mutating func resumesFromTheLastVersionSeen() {
        var machine = watching()
        #expect(machine.receivedEvent(resourceVersion: "11", isBookmark: false) == .apply)
        #expect(machine.receivedEvent(resourceVersion: "20", isBookmark: true) == .none)
        machine.watchEnded(lifetime: .seconds(290))
        let step2 = machine.nextStep(using: &random)
        #expect(isWatch(step2, from: "20"))
    }

    @Test mutating func anEventWithoutVersionDoesNotLoseThePlace() {
        var machine = watching()
        #expect(machine.receivedEvent(resourceVersion: "", isBookmark: false) == .apply)
        machine.watchEnded(lifetime: .seconds(2))
        let step3 = machine.nextStep(using: &random)
        #expect(isWatch(step3, from: "10"))
    }

    @Test mutating func brokenWatchesBackOffAndResume() {
        var machine = watching()
        var previous = Duration.zero
        for _ in 0..<5 {
            #expect(machine.watchFailed(isGone: false) == .none)
            guard case .wait(let delay) = machine.nextStep(using: &random) else {
                Issue.record("expected a wait")
                return
            }
            #expect(delay > previous)
            previous = delay
            let step4 = machine.nextStep(using: &random)
            #expect(isWatch(step4, from: "10"))
        }
        // An event shows that it works again.
        _ = machine.receivedEvent(resourceVersion: "11", isBookmark: false)
        _ = machine.watchFailed(isGone: false)
        guard case .wait(let delay) = machine.nextStep(using: &random) else {
            Issue.record("expected a wait")
            return
        }
        #expect(delay < .seconds(1))
    }

    @Test mutating func aGoneHistoryListsAgain() {
        var machine = watching()
        _ = machine.receivedEvent(resourceVersion: "11", isBookmark: false)
        #expect(machine.watchFailed(isGone: true) == .discardBuffer)
        #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: 2))
    }

    @Test mutating func aServerThatIsAlwaysGoneIsNotAskedInACircle() {
        var machine = watching()
        var waited: [Duration] = []
        for _ in 0..<6 {
            _ = machine.watchFailed(isGone: true)
            guard case .wait(let delay) = machine.nextStep(using: &random) else {
                Issue.record("expected a wait")
                return
            }
            waited.append(delay)
            #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: 2))
            _ = machine.receivedPage(resourceVersion: "10", continueToken: "")
            let step5 = machine.nextStep(using: &random)
            #expect(isWatch(step5, from: "10"))
        }
        #expect(waited == waited.sorted())
        #expect((waited.last ?? .zero) > .seconds(10))
    }

    @Test mutating func expiredPagesAreReplacedByOneListOfEverything() {
        var machine = WatchStateMachine(pageSize: 2)
        _ = machine.receivedPage(resourceVersion: "10", continueToken: "t")
        #expect(machine.listFailed(isGone: true) == .discardBuffer)
        guard case .wait = machine.nextStep(using: &random) else {
            Issue.record("expected a wait")
            return
        }
        #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: nil))
        #expect(machine.receivedPage(resourceVersion: "11", continueToken: "") == .bufferAndSwap)
        _ = machine.nextStep(using: &random)
        _ = machine.receivedEvent(resourceVersion: "12", isBookmark: false)
        _ = machine.watchFailed(isGone: true)
        #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: 2))
    }

    @Test mutating func aFailedPageStartsTheListAgain() {
        var machine = WatchStateMachine(pageSize: 2)
        _ = machine.receivedPage(resourceVersion: "10", continueToken: "t")
        #expect(machine.listFailed(isGone: false, retryAfter: .seconds(7)) == .discardBuffer)
        guard case .wait(let delay) = machine.nextStep(using: &random) else {
            Issue.record("expected a wait")
            return
        }
        #expect(delay >= .seconds(7))
        #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: 2))
    }

    @Test mutating func watchesThatEndAtOnceAreNotRepeatedAtOnce() {
        var machine = watching()
        machine.watchEnded(lifetime: .milliseconds(1))
        guard case .wait = machine.nextStep(using: &random) else {
            Issue.record("expected a wait")
            return
        }
        let step6 = machine.nextStep(using: &random)
        #expect(isWatch(step6, from: "10"))
    }

    @Test mutating func aServerCannotAskForAnEndlessWait() {
        var machine = watching()
        _ = machine.watchFailed(isGone: false, retryAfter: .seconds(1_000_000))
        guard case .wait(let delay) = machine.nextStep(using: &random) else {
            Issue.record("expected a wait")
            return
        }
        #expect(delay <= .seconds(300))
    }

    @Test mutating func pagesThatAreTooLargeBecomeSmallerDownToOneObject() {
        var machine = WatchStateMachine(pageSize: 5)
        for limit in [5, 2] {
            #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: limit))
            #expect(machine.listFailed(isGone: false, isTooLarge: true) == .discardBuffer)
        }
        #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: 1))
        _ = machine.listFailed(isGone: false, isTooLarge: true)
        // Nothing smaller can be asked for.
        guard case .wait = machine.nextStep(using: &random) else {
            Issue.record("expected a wait")
            return
        }
        for limit in [1, 2, 4, 5, 5] {
            #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: limit))
            _ = machine.receivedPage(resourceVersion: "10", continueToken: "")
            _ = machine.receivedEvent(resourceVersion: "11", isBookmark: false)
            _ = machine.watchFailed(isGone: true)
        }
    }

    /// A list of everything that cannot be read does not go on being asked for.
    @Test(arguments: [true, false])
    mutating func whatFailsAsAWholeIsAskedForInPagesAgain(isTooLarge: Bool) {
        var machine = WatchStateMachine(pageSize: 2)
        _ = machine.receivedPage(resourceVersion: "10", continueToken: "t")
        _ = machine.listFailed(isGone: true)
        _ = machine.nextStep(using: &random)
        #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: nil))
        _ = machine.listFailed(isGone: false, isTooLarge: isTooLarge)
        if !isTooLarge { _ = machine.nextStep(using: &random) }
        #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: 2))
    }

    @Test mutating func whatCannotBeReadIsListedNotResumed() {
        var machine = watching()
        _ = machine.receivedEvent(resourceVersion: "11", isBookmark: false)
        #expect(machine.watchFailed(isGone: false, isUnreadable: true) == .discardBuffer)
        guard case .wait = machine.nextStep(using: &random) else {
            Issue.record("expected a wait")
            return
        }
        #expect(machine.nextStep(using: &random) == .list(continueToken: "", limit: 2))
    }
}
