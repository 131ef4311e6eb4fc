import ControllerRuntime
import Core
import Testing

@Suite struct WorkQueueStateTests {
    private typealias Queue = WorkQueueState<String>

    private func work(_ next: Queue.Next) -> String? {
        if case .work(let work) = next { work.key } else { nil }
    }

    @Test func mostUrgentFirstThenFirstComeFirstServed() {
        var queue = Queue()
        for (key, priority) in [
            ("poll1", WorkPriority.poll), ("sync", .resync), ("asked", .requested), ("poll2", .poll),
            ("missing", .contentMissing),
        ] { queue.add(key, priority: priority, now: .zero) }
        #expect(queue.depth == 5)
        var order: [String] = []
        while let key = work(queue.next(now: .zero)) { order.append(key) }
        #expect(order == ["missing", "asked", "poll1", "poll2", "sync"])
        #expect(queue.depth == 0)
        #expect(queue.runningCount == 5)
    }

    @Test func oneEntryPerKey() {
        var queue = Queue()
        let result1 = queue.add("a", priority: .poll, now: .zero)
        #expect(result1)
        let result2 = queue.add("a", priority: .poll, now: .zero)
        #expect(!result2)
        #expect(queue.depth == 1)
        #expect(work(queue.next(now: .zero)) == "a")
        #expect(queue.next(now: .zero) == .idle)
    }

    @Test func aMoreUrgentAddOvertakes() {
        var queue = Queue()
        queue.add("a", priority: .poll, now: .zero)
        queue.add("b", priority: .poll, now: .zero)
        queue.add("b", priority: .requested, now: .zero)
        #expect(queue.depth == 2)
        #expect(work(queue.next(now: .zero)) == "b")
        #expect(work(queue.next(now: .zero)) == "a")
        #expect(queue.next(now: .zero) == .idle)
    }

    @Test func equalKeysNeverRunTogether() {
        var queue = Queue()
        queue.add("a", priority: .poll, now: .zero)
        #expect(work(queue.next(now: .zero)) == "a")
        queue.add("a", priority: .requested, now: .zero)
        queue.add("a", priority: .requested, now: .zero)
        #expect(queue.next(now: .zero) == .idle)
        queue.complete("a", .done, now: .seconds(1))
        #expect(work(queue.next(now: .seconds(1))) == "a")
        queue.complete("a", .done, now: .seconds(1))
        #expect(queue.count == 0)
    }

    @Test func delayedAddsComeWhenDueAndTheEarliestWins() {
        var queue = Queue()
        queue.add("a", after: .seconds(10), priority: .poll, now: .zero)
        queue.add("b", after: .seconds(20), priority: .poll, now: .zero)
        queue.add("a", after: .seconds(30), priority: .poll, now: .zero)
        #expect(queue.next(now: .zero) == .waitUntil(.seconds(10)))
        queue.add("b", after: .seconds(5), priority: .poll, now: .zero)
        #expect(queue.next(now: .zero) == .waitUntil(.seconds(5)))
        #expect(work(queue.next(now: .seconds(5))) == "b")
        queue.complete("b", .done, now: .seconds(5))
        #expect(queue.next(now: .seconds(5)) == .waitUntil(.seconds(10)))
        #expect(work(queue.next(now: .seconds(40))) == "a")
        queue.complete("a", .done, now: .seconds(40))
        #expect(queue.next(now: .seconds(60)) == .idle)
    }

    @Test func whateverBecomesReadyIsCountedOnce() {
        var queue = Queue()
        queue.add("a", priority: .poll, now: .zero)
        queue.add("a", priority: .requested, now: .zero)
        #expect(queue.readiedCount == 1)
        _ = queue.next(now: .zero)
        queue.add("a", priority: .poll, now: .zero)
        #expect(queue.readiedCount == 1)
        queue.complete("a", .done, now: .zero)
        #expect(queue.readiedCount == 2)
        _ = queue.next(now: .zero)
        queue.complete("a", .again(after: .seconds(5)), now: .zero)
        #expect(queue.readiedCount == 2)
        _ = queue.next(now: .seconds(5))
        #expect(queue.readiedCount == 3)
    }

    @Test func anImmediateAddEndsADelay() {
        var queue = Queue()
        queue.add("a", after: .seconds(600), priority: .poll, now: .zero)
        let result3 = queue.add("a", priority: .requested, now: .seconds(1))
        #expect(result3)
        #expect(work(queue.next(now: .seconds(1))) == "a")
        queue.complete("a", .again(after: .seconds(60)), now: .seconds(2))
        #expect(queue.next(now: .seconds(2)) == .waitUntil(.seconds(62)))
    }

    @Test func aWishDuringTheWorkIsEarlierThanTheNextPoll() {
        var queue = Queue()
        queue.add("a", priority: .poll, now: .zero)
        _ = queue.next(now: .zero)
        queue.add("a", priority: .requested, now: .seconds(1))
        queue.complete("a", .again(after: .seconds(60)), now: .seconds(2))
        guard case .work(let work) = queue.next(now: .seconds(2)) else {
            Issue.record("expected work")
            return
        }
        #expect(work.priority == .requested)
    }

    @Test func failuresBackOffFrom750MillisecondsTo15Minutes() {
        var queue = Queue()
        queue.add("a", priority: .poll, now: .zero)
        var now = Duration.zero
        var delays: [Duration] = []
        for failures in 0..<14 {
            guard case .work(let work) = queue.next(now: now) else {
                Issue.record("expected work")
                return
            }
            #expect(work.failures == failures)
            let result4 = queue.complete("a", .retry(), now: now)
            #expect(result4)
            guard case .waitUntil(let due) = queue.next(now: now) else {
                Issue.record("expected a wait")
                return
            }
            delays.append(due - now)
            now = due
        }
        #expect(delays[..<4] == [.milliseconds(750), .milliseconds(1500), .seconds(3), .seconds(6)])
        #expect(delays.suffix(2) == [.seconds(900), .seconds(900)])
        // Success forgets.
        _ = queue.next(now: now)
        queue.complete("a", .again(after: .zero), now: now)
        _ = queue.next(now: now)
        queue.complete("a", .retry(), now: now)
        #expect(queue.next(now: now) == .waitUntil(now + .milliseconds(750)))
    }

    @Test func aRetryWaitsAtLeastAsLongAsTheServerAsked() {
        var queue = Queue()
        queue.add("a", priority: .poll, now: .zero)
        _ = queue.next(now: .zero)
        queue.complete("a", .retry(notBefore: .seconds(120)), now: .zero)
        #expect(queue.next(now: .zero) == .waitUntil(.seconds(120)))
        // A person goes ahead of it.
        queue.add("a", priority: .requested, now: .seconds(1))
        #expect(work(queue.next(now: .seconds(1))) == "a")
    }

    @Test func forgetAndRemove() {
        var queue = Queue()
        queue.add("a", priority: .poll, now: .zero)
        _ = queue.next(now: .zero)
        queue.complete("a", .retry(), now: .zero)
        queue.forget("a")
        guard case .work(let again) = queue.next(now: .seconds(1)) else {
            Issue.record("expected work")
            return
        }
        #expect(again.failures == 0)
        queue.add("a", priority: .poll, now: .seconds(1))
        queue.remove("a")
        queue.complete("a", .done, now: .seconds(1))
        #expect(queue.count == 0)
        queue.add("b", priority: .poll, now: .zero)
        queue.remove("b")
        #expect(queue.depth == 0)
        #expect(queue.next(now: .seconds(100)) == .idle)
    }

    @Test func waitingTimeCountsFromWhenItWasDue() {
        var queue = Queue()
        queue.add("a", after: .seconds(5), priority: .poll, now: .zero)
        guard case .work(let work) = queue.next(now: .seconds(7)) else {
            Issue.record("expected work")
            return
        }
        #expect(work.waited == .seconds(2))
    }

    /// A simple model against the real thing: a dictionary of due times, with the same rules.
    @Test func whoWaitsAndHowLongIsKnown() {
        var queue = Queue()
        queue.add("now", priority: .poll, now: .seconds(1))
        queue.add("later", after: .seconds(4), priority: .poll, now: .seconds(1))
        #expect(queue.waiting(now: .seconds(3)) == ["now": .seconds(2)])
        #expect(queue.waiting(now: .seconds(7)) == ["now": .seconds(6), "later": .seconds(2)])
        _ = queue.next(now: .seconds(7))
        #expect(queue.waiting(now: .seconds(9)) == ["later": .seconds(4)], "who is at work does not wait")
    }

    @Test func randomOperationsKeepTheRules() {
        var generator = RandomSource.seeded(7)
        var queue = Queue()
        var due: [String: Duration] = [:]
        var running: [String: Duration?] = [:]
        var now = Duration.zero
        for _ in 0..<20_000 {
            let key = String(Int.random(in: 0..<40, using: &generator))
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...3:
                let delay = Duration.seconds(Int.random(in: 0...30, using: &generator))
                queue.add(key, after: delay, priority: .poll, now: now)
                if let wanted = running[key] {
                    running[key] = .some(min(wanted ?? now + delay, now + delay))
                } else {
                    due[key] = min(due[key] ?? now + delay, now + delay)
                }
            case 4...6:
                switch queue.next(now: now) {
                case .work(let work):
                    #expect(running[work.key] == nil)
                    #expect((due[work.key] ?? .seconds(1 << 40)) <= now)
                    due[work.key] = nil
                    running[work.key] = .some(nil)
                case .waitUntil(let time): #expect(time == due.values.min() && time > now)
                case .idle: #expect(due.isEmpty)
                }
            case 7...8:
                guard let (key, wanted) = running.first else { continue }
                running[key] = nil
                queue.complete(key, .done, now: now)
                if let wanted { due[key] = max(wanted, now) }
            default: now += .seconds(Int.random(in: 0...5, using: &generator))
            }
            #expect(queue.count == due.count + running.count)
            #expect(queue.runningCount == running.count)
        }
    }

    @Test func manyRescheduledKeysDoNotPileUp() {
        var queue = Queue()
        for round in 0..<10_000 {
            queue.add("a", after: .seconds(100_000 - round), priority: .poll, now: .zero)
        }
        #expect(queue.count == 1)
        #expect(queue.next(now: .zero) == .waitUntil(.seconds(90_001)))
    }

    /// However many urgent keys come, one take of four goes to the one that has waited longest.
    @Test func theUrgentDoNotStarveTheOthers() {
        var queue = Queue()
        queue.add("poll", priority: .poll, now: .zero)
        queue.add("sync", priority: .resync, now: .seconds(1))
        var order: [String] = []
        for turn in 0..<8 {
            let now = Duration.seconds(turn + 2)
            queue.add("asked\(turn)", priority: .requested, now: now)
            queue.add("missing\(turn)", priority: .contentMissing, now: now)
            order.append(work(queue.next(now: now)) ?? "")
        }
        #expect(
            order == ["missing0", "missing1", "missing2", "poll", "missing3", "missing4", "missing5", "sync"])
        #expect(queue.runningCount == 8 && queue.depth == 10)
    }
}
