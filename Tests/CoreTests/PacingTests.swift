import Core
import TestSupport
import Testing

@Suite struct BackoffTests {
    @Test(arguments: [
        (0, Duration.milliseconds(750)), (1, .milliseconds(1500)), (2, .seconds(3)), (10, .seconds(768)),
        (11, .seconds(900)), (12, .seconds(900)), (1000, .seconds(900)), (Int.max, .seconds(900)),
        (-5, .milliseconds(750)),
    ])
    func doublesUpToTheMaximum(attempt: Int, delay: Duration) {
        #expect(Backoff(base: .milliseconds(750), maximum: .seconds(900)).delay(attempt: attempt) == delay)
    }

    @Test func survivesOddValues() {
        #expect(Backoff(base: .zero, maximum: .seconds(1)).delay(attempt: .max) >= .zero)
        #expect(Backoff(base: .seconds(5), maximum: .seconds(1)).delay(attempt: 3) == .seconds(1))
        #expect(Backoff(base: .seconds(5), maximum: .seconds(-1)).delay(attempt: 3) == .zero)
        #expect(Backoff(base: .seconds(1), factor: 0.1, maximum: .seconds(9)).delay(attempt: 3) == .seconds(1))
        #expect(Backoff(base: .seconds(1), factor: .infinity, maximum: .seconds(9)).delay(attempt: 1) == .seconds(9))
        let huge = Backoff(base: .seconds(1), maximum: .seconds(Int64.max)).delay(attempt: 62)
        #expect(huge > .seconds(1 << 61))
    }

    @Test func jitterStaysWithinItsPercentage() {
        var random = SeededGenerator(4)
        var values: Set<Duration> = []
        for _ in 0..<1000 {
            let value = Duration.seconds(100).jittered(byPercent: 5, using: &random)
            #expect(value >= .seconds(95) && value <= .seconds(105))
            values.insert(value)
        }
        #expect(values.contains { $0 < .seconds(96) } && values.contains { $0 > .seconds(104) })
        #expect(Duration.seconds(100).jittered(byPercent: 0, using: &random) == .seconds(100))
        #expect(Duration.seconds(100).jittered(byPercent: 500, using: &random) <= .seconds(200))
        #expect(Duration.seconds(100).jittered(byPercent: 500, using: &random) >= .zero)
    }
}

@Suite struct TokenBucketTests {
    @Test func paces() {
        var bucket = TokenBucket(rate: 10, burst: 3)
        for _ in 0..<3 { #expect(bucket.reserve(at: .seconds(5)) == .zero) }
        #expect(bucket.reserve(at: .seconds(5)) == .milliseconds(100))
        #expect(bucket.reserve(at: .seconds(5)) == .milliseconds(200))
        #expect(bucket.reserve(at: .milliseconds(5200)) == .milliseconds(100))
        #expect(bucket.reserve(at: .seconds(60)) == .zero)
    }

    @Test func neverHoldsMoreThanItsBurst() {
        var bucket = TokenBucket(rate: 1, burst: 2)
        #expect(
            (0..<5).map { _ in bucket.reserve(at: .seconds(1_000_000)) } == [
                .zero, .zero, .seconds(1), .seconds(2), .seconds(3),
            ])
    }

    @Test(arguments: [0, -1, -Double.infinity])
    func isUnlimitedWithoutRate(rate: Double) {
        var bucket = TokenBucket(rate: rate, burst: 1)
        for _ in 0..<1000 { #expect(bucket.reserve(at: .zero) == .zero) }
    }

    @Test func takesBackReservations() {
        var bucket = TokenBucket(rate: 1, burst: 1)
        #expect(bucket.reserve(at: .zero) == .zero)
        #expect(bucket.reserve(at: .zero) == .seconds(1))
        bucket.cancelReservation(at: .zero)
        #expect(bucket.reserve(at: .zero) == .seconds(1))
        bucket.cancelReservation(at: .seconds(100))
        bucket.cancelReservation(at: .seconds(100))
        #expect(bucket.reserve(at: .seconds(100)) == .zero)
        #expect(bucket.reserve(at: .seconds(100)) == .seconds(1))
    }

    @Test func clocksThatStandStillOrGoBackAreNoProblem() {
        var bucket = TokenBucket(rate: 1, burst: 1)
        #expect(bucket.reserve(at: .seconds(10)) == .zero)
        #expect(bucket.reserve(at: .seconds(5)) == .seconds(1))
        #expect(bucket.reserve(at: .seconds(10)) == .seconds(2))
    }

    @Test func tinyRatesDoNotOverflow() {
        var bucket = TokenBucket(rate: 1e-300, burst: 1)
        #expect(bucket.reserve(at: .zero) == .zero)
        #expect(bucket.reserve(at: .zero) == .seconds(1_000_000_000))
    }
}

@Suite(.timeLimit(.minutes(2))) struct TimeSourceTests {
    @Test func systemTimeMovesOn() async throws {
        let time = SystemTime()
        let (now, uptime) = (time.now, time.uptime)
        try await time.sleep(for: .milliseconds(2))
        #expect(time.uptime - uptime >= .milliseconds(2))
        #expect(now.seconds > 1_700_000_000)
    }

    @Test func manualTimeReleasesInOrder() async throws {
        let time = ManualTime()
        let order = Locked<[Int]>([])
        let tasks = [3, 1, 2].map { seconds in
            Task {
                try await time.sleep(for: .seconds(seconds))
                order.withLock { $0.append(seconds) }
            }
        }
        await time.waitForSleepers(count: 3)
        #expect(time.nextDeadline == .seconds(1))
        time.advance(by: .milliseconds(999))
        #expect(time.sleeperCount == 3)
        time.advance(by: .milliseconds(1))
        try await tasks[1].value
        #expect(time.sleeperCount == 2 && order.current == [1])
        time.advance(by: .seconds(1))
        try await tasks[2].value
        time.advance(by: .seconds(1))
        try await tasks[0].value
        #expect(order.current == [1, 2, 3])
        #expect(time.now - ManualTime().now == .seconds(3))
    }

    @Test func manualTimeCanBeCancelled() async throws {
        let time = ManualTime()
        let task = Task { try await time.sleep(for: .seconds(1)) }
        await time.waitForSleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(time.sleeperCount == 0)
    }
}
