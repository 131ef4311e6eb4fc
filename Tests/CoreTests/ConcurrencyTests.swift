import Core
import Dispatch
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct AsyncSemaphoreTests {
    @Test func boundsConcurrency() async throws {
        let semaphore = AsyncSemaphore(permits: 3)
        let running = Locked((now: 0, most: 0))
        try await withThrowingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    try await semaphore.withPermit {
                        running.withLock {
                            $0.now += 1
                            $0.most = max($0.most, $0.now)
                        }
                        await Task.yield()
                        running.withLock { $0.now -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(running.current.most <= 3 && running.current.now == 0)
    }

    @Test func servesInOrder() async throws {
        let semaphore = AsyncSemaphore(permits: 1)
        let order = Locked<[Int]>([])
        try await semaphore.acquire()
        try await withThrowingTaskGroup { group in
            for number in 0..<20 {
                group.addTask { try await semaphore.withPermit { order.withLock { $0.append(number) } } }
                try await eventually { semaphore.waitingCount == number + 1 }
            }
            semaphore.release()
            try await group.waitForAll()
        }
        #expect(order.current == Array(0..<20))
    }

    @Test func cancelledWaitersLeave() async throws {
        let semaphore = AsyncSemaphore(permits: 1)
        try await semaphore.acquire()
        let first = Task { try await semaphore.acquire() }
        try await eventually { semaphore.waitingCount == 1 }
        let second = Task { try await semaphore.acquire() }
        try await eventually { semaphore.waitingCount == 2 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(semaphore.waitingCount == 1)
        semaphore.release()
        try await second.value
        semaphore.release()
        try await semaphore.acquire()
    }

    @Test func cancelledTasksGetNoPermit() async throws {
        let semaphore = AsyncSemaphore(permits: 1)
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            try await semaphore.acquire()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        try await semaphore.acquire()
    }

    /// Permits are neither lost nor doubled when cancellation meets release.
    @Test func survivesRaces() async throws {
        let semaphore = AsyncSemaphore(permits: 2)
        for _ in 0..<50 {
            let tasks = (0..<20).map { _ in Task { try? await semaphore.withPermit { await Task.yield() } } }
            for task in tasks.shuffled().prefix(10) { task.cancel() }
            for task in tasks { _ = await task.value }
        }
        try await semaphore.acquire()
        try await semaphore.acquire()
        let third = Task { try await semaphore.acquire() }
        try await eventually { semaphore.waitingCount == 1 }
        third.cancel()
        _ = await third.result
    }
}

@Suite(.timeLimit(.minutes(2))) struct SingleFlightTests {
    private struct Fault: Error, Equatable {}

    private let flight = SingleFlight<String, Int>()
    private let time = ManualTime()
    private let starts = Locked(0)

    private func call(_ key: String) -> Task<Int, any Error> {
        Task { [flight, time, starts] in
            try await flight.run(key) {
                let number = starts.withLock { count in
                    count += 1
                    return count
                }
                try await time.sleep(for: .seconds(1))
                return number
            }
        }
    }

    @Test func sharesWork() async throws {
        let tasks = (0..<10).map { _ in call("a") }
        let other = call("b")
        try await eventually { flight.waiterCount(for: "a") == 10 && flight.waiterCount(for: "b") == 1 }
        await time.waitForSleepers(count: 2)
        time.advance(by: .seconds(1))
        let values = Set(try await collect(tasks))
        #expect(values.count == 1)
        #expect(try await other.value != values.first)
        #expect(starts.current == 2 && flight.flightCount == 0)
    }

    @Test func startsAnewAfterTheEnd() async throws {
        for expected in 1...3 {
            let task = call("a")
            await time.waitForSleepers()
            time.advance(by: .seconds(1))
            #expect(try await task.value == expected)
        }
    }

    @Test func failsForAll() async throws {
        let gate = AsyncSemaphore(permits: 1)
        try await gate.acquire()
        let tasks = (0..<5).map { _ in
            Task { [flight] in
                try await flight.run("a") {
                    try await gate.acquire()
                    throw Fault()
                }
            }
        }
        try await eventually { flight.waiterCount(for: "a") == 5 }
        gate.release()
        for task in tasks { await #expect(throws: Fault.self) { try await task.value } }
    }

    @Test func oneCancelledCallerLeavesTheOthers() async throws {
        let first = call("a")
        try await eventually { flight.waiterCount(for: "a") == 1 }
        let second = call("a")
        try await eventually { flight.waiterCount(for: "a") == 2 }
        await time.waitForSleepers()
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(flight.waiterCount(for: "a") == 1)
        time.advance(by: .seconds(1))
        #expect(try await second.value == 1)
    }

    @Test func theLastCancelledCallerCancelsTheWork() async throws {
        let first = call("a")
        let second = call("a")
        try await eventually { flight.waiterCount(for: "a") == 2 }
        await time.waitForSleepers()
        first.cancel()
        second.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        await #expect(throws: CancellationError.self) { try await second.value }
        try await eventually { time.sleeperCount == 0 }
        #expect(flight.flightCount == 0)

        let third = call("a")
        await time.waitForSleepers()
        time.advance(by: .seconds(1))
        #expect(try await third.value == 2)
    }

    @Test func survivesRaces() async throws {
        let flight = SingleFlight<Int, Int>()
        for round in 0..<100 {
            let tasks = (0..<16).map { number in
                Task {
                    try await flight.run(number % 2) {
                        await Task.yield()
                        return round
                    }
                }
            }
            for task in tasks.shuffled().prefix(8) { task.cancel() }
            for task in tasks {
                switch await task.result {
                case .success(let value): #expect(value == round)
                case .failure(let error): #expect(error is CancellationError)
                }
            }
        }
        try await eventually { flight.flightCount == 0 }
    }

    private func collect(_ tasks: [Task<Int, any Error>]) async throws -> [Int] {
        var values: [Int] = []
        for task in tasks { values.append(try await task.value) }
        return values
    }
}

@Suite(.timeLimit(.minutes(2))) struct LockedTests {
    private struct Fault: Error {}

    @Test func isExclusive() async {
        let counter = Locked(0)
        await withTaskGroup { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counter.withLock { $0 += 1 } } } }
        }
        #expect(counter.current == 8000)
    }

    @Test func unlocksWhenItsBodyThrows() {
        let value = Locked(1)
        #expect(throws: Fault.self) {
            try value.withLock { value throws(Fault) in
                value = 2
                throw Fault()
            }
        }
        #expect(value.current == 2)
    }
}

@Suite(.timeLimit(.minutes(2))) struct BlockingExecutorTests {
    private struct Fault: Error {}

    @Test(arguments: [1, 3])
    func boundsItsThreads(width: Int) async throws {
        let executor = BlockingExecutor(label: "test", width: width)
        let running = Locked((now: 0, most: 0))
        try await withThrowingTaskGroup { group in
            for number in 0..<600 {
                group.addTask {
                    let result = await executor.run {
                        running.withLock {
                            $0.now += 1
                            $0.most = max($0.most, $0.now)
                        }
                        defer { running.withLock { $0.now -= 1 } }
                        return number * 2
                    }
                    #expect(result == number * 2)
                }
            }
            try await group.waitForAll()
        }
        #expect(running.current.most <= width && running.current.now == 0)
    }

    @Test func passesErrors() async {
        let executor = BlockingExecutor(label: "test", width: 1)
        await #expect(throws: Fault.self) { try await executor.run { throw Fault() } }
        await executor.run {}
    }

    @Test func runsInOrderOnOneThread() async throws {
        let executor = BlockingExecutor(label: "test", width: 1)
        let order = Locked<[Int]>([])
        let gate = Gate()
        defer { gate.open() }
        try await withThrowingTaskGroup { group in
            group.addTask { await executor.run { gate.wait() } }
            try await eventually { executor.pendingCount == 1 }
            for number in 0..<300 {
                group.addTask { await executor.run { order.withLock { $0.append(number) } } }
                try await eventually { executor.pendingCount == number + 2 }
            }
            gate.open()
            try await group.waitForAll()
        }
        #expect(order.current == Array(0..<300))
    }
}

/// Blocks a thread until it is opened; gives up after a while, so that a failing test ends.
private final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() { _ = semaphore.wait(timeout: .now() + .seconds(60)) }
    func open() { semaphore.signal() }
}
