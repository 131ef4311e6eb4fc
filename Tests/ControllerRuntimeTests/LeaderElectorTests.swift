import ControllerRuntime
import Core
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct LeaderElectorTests {
    /// A server that keeps one lease, with the rules that elections rest on: versions are checked, names are unique.
    private final class LeaseServer: KubernetesAPIServer {
        struct State: Sendable {
            var lease: JSONValue?
            var version = 0
            var isDown = false
            var writers: [String] = []
            /// What becomes of the next write.
            var fate: Fate?
            /// A write on its way that the server gets after it answered the next read.
            var late: APIRequest?
        }
        /// A write whose sender waits for an answer until it is cancelled.
        enum Fate: Sendable, CaseIterable {
            /// The server never gets it.
            case lost
            /// The server has done it.
            case done
            /// The server does it after it answered the next read.
            case doneAfterARead
        }
        let state = Locked(State())
        /// Signalled when a write waits without an answer.
        let held = Wakeup()

        var holder: String? { state.current.lease?.member(at: "spec", "holderIdentity")?.stringValue }

        func send(_ request: APIRequest) async throws(KubernetesError) -> JSONValue {
            #expect(request.lane == .lease)
            guard request.method != "GET", let fate = state.withLock({ $0.fate.take() }) else {
                let answer = try answer(request).get()
                if request.method == "GET", let late = state.withLock({ $0.late.take() }) { _ = self.answer(late) }
                return answer
            }
            switch fate {
            case .lost: break
            case .done: _ = answer(request)
            case .doneAfterARead: state.withLock { $0.late = request }
            }
            held.signal()
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
            throw KubernetesError(.cancelled, "cancelled", isRetryable: false)
        }

        private func answer(_ request: APIRequest) -> Result<JSONValue, KubernetesError> {
            state.withLock { state in
                if state.isDown { return .failure(KubernetesError(.transport, "down", isRetryable: true)) }
                switch request.method {
                case "GET": return state.lease.map { .success($0) } ?? .failure(.failure(404, "NotFound"))
                case "POST":
                    if state.lease != nil { return .failure(.failure(409, "AlreadyExists")) }
                    state.lease = request.body
                case "PATCH":
                    let version = request.body?.member(at: "metadata", "resourceVersion")?.stringValue
                    guard version == String(state.version), let body = request.body, let lease = state.lease else {
                        return .failure(.failure(409, "Conflict"))
                    }
                    state.lease = lease.merging(patch: body)
                default: return .failure(.failure(405, "MethodNotAllowed"))
                }
                state.version += 1
                state.lease?["metadata"]?["resourceVersion"] = .string(String(state.version))
                state.lease?["metadata"]?["uid"] = "u"
                state.writers.append(state.lease?.member(at: "spec", "holderIdentity")?.stringValue ?? "")
                return .success(state.lease ?? [:])
            }
        }

        func watch(_ request: APIRequest) async throws(KubernetesError) -> WatchStream {
            throw KubernetesError(.transport, "no watches here", isRetryable: false)
        }
    }

    private func elector(
        _ identity: String, _ server: LeaseServer, _ time: ManualTime, releases: Bool = true
    ) -> LeaderElector {
        LeaderElector(
            configuration: .init(
                lease: NamespacedName(namespace: "n", name: "l"), identity: identity, releasesOnCancel: releases),
            server: server, time: time, random: .seeded(3))
    }

    /// A request that neither ends nor heeds its deadline leaves the lease to itself; a server that is away does not.
    @Test func aLeaseThatNobodyAttendsToIsNoticed() async throws {
        /// Does not answer, and cannot be cancelled.
        final class Silence: KubernetesAPIServer {
            let isAway = Locked(true)
            let doors = Locked<[CheckedContinuation<Void, Never>]>([])
            func send(_ request: APIRequest) async throws(KubernetesError) -> JSONValue {
                if !isAway.current { await withCheckedContinuation { door in doors.withLock { $0.append(door) } } }
                throw KubernetesError(.transport, "down", isRetryable: true)
            }
            func watch(_ request: APIRequest) async throws(KubernetesError) -> WatchStream {
                throw KubernetesError(.transport, "no watches here", isRetryable: false)
            }
        }
        let (time, server) = (ManualTime(), Silence())
        let elector = LeaderElector(
            configuration: .init(lease: NamespacedName(namespace: "n", name: "l"), identity: "a"), server: server,
            time: time, random: .seeded(3))
        time.advance(by: .seconds(10_000))
        #expect(elector.standstill == nil, "it does not stand")
        let running = Task { try await elector.run {} }
        for _ in 0..<300 {
            await time.waitForSleepers()
            time.advance(by: .seconds(5))
        }
        #expect(elector.standstill == nil, "it goes on trying")
        server.isAway.withLock { $0 = false }
        try await pass(time) { !server.doors.current.isEmpty }
        time.advance(by: .seconds(430))
        #expect(elector.standstill == nil)
        time.advance(by: .seconds(20))
        #expect(elector.standstill?.hasPrefix("the lease n/l is not attended to since 2026-") == true)
        server.isAway.withLock { $0 = true }
        running.cancel()
        for door in server.doors.withLock({ $0 }) { door.resume() }
        _ = await running.result
        #expect(elector.standstill == nil, "it stands no more")
    }

    /// Lets time pass, little by little, until `condition` holds.
    private func pass(_ time: ManualTime, until condition: () -> Bool) async throws {
        try await eventually {
            if condition() { return true }
            // Only while somebody waits for it: who is at work must not lose time that it had no turn in.
            if time.sleeperCount > 0 { time.advance(by: .milliseconds(500)) }
            return false
        }
    }

    @Test func exactlyOneLeadsAndTheOtherTakesOverAfterARelease() async throws {
        let (server, time) = (LeaseServer(), ManualTime())
        let leading = Locked<[String]>([])
        let (one, two) = (elector("one", server, time), elector("two", server, time))
        let work: @Sendable (String) async throws -> Void = { name in
            leading.withLock { $0.append(name) }
            // Works on until cancelled, and takes a moment to stop.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
            leading.withLock { $0.append("stopped \(name)") }
        }
        let first = Task { try await one.run { try await work("one") } }
        try await pass(time) { leading.current == ["one"] }
        let second = Task { try await two.run { try await work("two") } }
        for _ in 0..<100 {
            await time.waitForSleepers(count: 2)
            time.advance(by: .milliseconds(500))
        }
        await time.waitForSleepers(count: 2)
        #expect(leading.current == ["one"])
        #expect(one.isLeading && !two.isLeading)
        first.cancel()
        try await first.value
        #expect(server.state.current.writers.contains(""))
        try await pass(time) { leading.current.count == 3 }
        #expect(leading.current == ["one", "stopped one", "two"])
        second.cancel()
        try await second.value
        #expect(server.holder == "")
    }

    @Test func aLeaderWithoutAServerStopsItsWorkAndSaysSo() async throws {
        let (server, time) = (LeaseServer(), ManualTime())
        let events = Locked<[String]>([])
        let one = elector("one", server, time)
        let task = Task {
            try await one.run {
                events.withLock { $0.append("leading") }
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
                events.withLock { $0.append("stopped") }
            }
        }
        try await pass(time) { events.current == ["leading"] }
        server.state.withLock { $0.isDown = true }
        try await pass(time) { events.current.count == 2 }
        await #expect(throws: LeadershipLost.self) { try await task.value }
        #expect(!one.isLeading)
    }

    @Test func theEndOfTheWorkEndsTheElection() async throws {
        struct Fault: Error {}
        let (server, time) = (LeaseServer(), ManualTime())
        let one = elector("one", server, time)
        await #expect(throws: Fault.self) { try await one.run { throw Fault() } }
        #expect(server.holder == "")
    }

    /// Whatever became of a renewal that was on its way when the process was asked to end: the lease is free.
    @Test(arguments: LeaseServer.Fate.allCases)
    private func aRenewalOnItsWayKeepsNoLease(_ fate: LeaseServer.Fate) async throws {
        let (server, time) = (LeaseServer(), ManualTime())
        let one = elector("one", server, time)
        let task = Task { try await one.run { while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) } } }
        try await pass(time) { one.isLeading }
        server.state.withLock { $0.fate = fate }
        try await pass(time) { server.state.current.fate == nil }
        await server.held.wait()
        task.cancel()
        try await task.value
        #expect(server.holder == "")
    }

    /// The same of the write that makes a leader.
    @Test(arguments: [LeaseServer.Fate.lost, .done])
    private func anAcquisitionOnItsWayKeepsNoLease(_ fate: LeaseServer.Fate) async throws {
        let (server, time) = (LeaseServer(), ManualTime())
        let one = elector("one", server, time)
        server.state.withLock { $0.fate = fate }
        let task = Task { try await one.run { Issue.record("must not lead") } }
        await server.held.wait()
        task.cancel()
        try await task.value
        #expect(server.holder == (fate == .done ? "" : nil))
    }

    /// Somebody else took it meanwhile: it is theirs.
    @Test func theLeaseIsKeptWhereThatIsAskedFor() async throws {
        let (server, time) = (LeaseServer(), ManualTime())
        let one = elector("one", server, time, releases: false)
        let task = Task { try await one.run { while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) } } }
        try await pass(time) { one.isLeading }
        task.cancel()
        try await task.value
        #expect(server.holder == "one")
    }

    @Test func anothersLeaseIsNotReleased() async throws {
        let (server, time) = (LeaseServer(), ManualTime())
        let one = elector("one", server, time)
        let task = Task { try await one.run { while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) } } }
        try await pass(time) { one.isLeading }
        server.state.withLock { state in
            state.version += 1
            state.lease?["spec"]?["holderIdentity"] = "two"
            state.lease?["metadata"]?["resourceVersion"] = .string(String(state.version))
        }
        task.cancel()
        try await task.value
        #expect(server.holder == "two")
    }

    @Test func aCandidateThatNeverLedReleasesNothing() async throws {
        let (server, time) = (LeaseServer(), ManualTime())
        let one = elector("one", server, time)
        let first = Task { try await one.run { while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) } } }
        try await pass(time) { one.isLeading }
        let two = elector("two", server, time)
        let second = Task { try await two.run { Issue.record("must not lead") } }
        try await eventually { time.sleeperCount >= 2 }
        second.cancel()
        try await second.value
        #expect(server.holder == "one")
        first.cancel()
        try await first.value
    }
}
