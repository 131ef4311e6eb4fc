import Core
import TestSupport
import Testing

@testable import RegistryClient

@Suite struct DeadlineTests {
    @Test(.timeLimit(.minutes(1))) func workThatTakesTooLongIsCancelled() async throws {
        let time = ManualTime()
        let deadline = Deadline(after: .seconds(10), time: time)
        async let result = deadline.run("work") { () async throws(RegistryError) in
            do { try await time.sleep(for: .seconds(60)) } catch { throw .cancelled("work") }
        }
        await time.waitForSleepers(count: 2)
        time.advance(by: .seconds(10))
        do {
            try await result
            Issue.record("it went on")
        } catch {
            #expect((error as? RegistryError)?.code == .timeout)
        }
    }

    /// A place at a gate that was handed over at the last moment has to be given back by somebody.
    @Test(.timeLimit(.minutes(1))) func whatIsGainedAtTheLastMomentIsNotLost() async throws {
        let time = ManualTime()
        let gate = HostGate(limit: 1, rate: 0, burst: 1, time: time)
        try await gate.enter()
        let deadline = Deadline(after: .seconds(10), time: time)
        async let result = deadline.run("work") { () async throws(RegistryError) in
            // The place comes between the end of the time and the cancellation.
            try? await time.sleep(for: .seconds(60))
            gate.leave()
            #expect(gate.enterAtOnce())
        }
        await time.waitForSleepers(count: 2)
        time.advance(by: .seconds(10))
        try await result
        gate.leave()
        #expect(gate.isIdle)
    }
}
