import Core
import HTTPServing
import TestSupport
import Testing

@testable import ControllerApp

/// `/healthz`: what a kubelet ends the process for.
@Suite(.timeLimit(.minutes(1))) struct LivenessTests {
    private static func ask(_ handler: HealthHandler, _ path: String, query: String? = nil) -> (Int, String) {
        let target = query.map { "\(path)?\($0)" } ?? path
        let request = HTTPServerRequest(method: "GET", path: path, query: query, headers: [:], body: [])
        guard let response = handler.respondImmediately(to: request), case .bytes(let bytes) = response.body else {
            Issue.record("no answer to \(target) at once")
            return (0, "")
        }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }

    @Test func whatIsStuckIsNamed() {
        let problem = Locked<String?>(nil)
        let handler = HealthHandler(
            liveness: [.init(name: "tasks") { nil }, .init(name: "workers") { problem.current }],
            readiness: [.init(name: "informer") { "the objects are not listed yet" }], notes: { [] })
        #expect(Self.ask(handler, "/healthz") == (200, "ok"))
        #expect(
            Self.ask(handler, "/healthz", query: "verbose") == (200, "[+]tasks ok\n[+]workers ok\ncheck passed\n"))
        // What is outside of the process is no reason to end it.
        #expect(Self.ask(handler, "/readyz").0 == 500)
        problem.withLock { $0 = "all 2 workers are stuck" }
        #expect(
            Self.ask(handler, "/healthz") == (500, "[+]tasks ok\n[-]workers: all 2 workers are stuck\ncheck failed\n"))
    }

    /// When a suspended process goes on, the probe may come first.
    @Test func onlyWhatLastsCounts() {
        let time = ManualTime(), problem = Locked<String?>(nil)
        let check = HealthHandler.Check.lasting("tasks", time: time) { problem.current }
        #expect(check.problem() == nil)
        time.advance(by: .seconds(8 * 3600))
        problem.withLock { $0 = "late" }
        #expect(check.problem() == nil)
        time.advance(by: .seconds(19))
        #expect(check.problem() == nil)
        problem.withLock { $0 = nil }
        #expect(check.problem() == nil)
        problem.withLock { $0 = "late" }
        time.advance(by: .seconds(10))
        #expect(check.problem() == nil, "it is another one")
        time.advance(by: .seconds(20))
        #expect(check.problem() == "late")
    }

    @Test func thePulse() async throws {
        let time = ManualTime()
        let pulse = Pulse(time: time)
        let running = Task { try await pulse.run() }
        for _ in 0..<100 {
            await time.waitForSleepers()
            time.advance(by: .seconds(10))
            #expect(pulse.problem == nil)
        }
        running.cancel()
        try await running.value
        time.advance(by: .seconds(301))
        #expect(pulse.problem?.hasPrefix("nothing runs since 2026-11-20T10:06:") == true, "\(pulse.problem ?? "-")")
    }
}
