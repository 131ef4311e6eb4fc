import Core
import TestPKI
import TestSupport
import Testing
import Verification

/// The trusted root stays at hand while it may be used, and no longer.
struct TrustedRootRefresherTests {
    struct Bench {
        var repository: TUFRepository
        let mirror: MemoryMirror
        let store: MemoryStore
        let time: ManualTime
        let metrics = MetricsRegistry()
        let refresher: TrustedRootRefresher

        init(store: MemoryStore = MemoryStore(), repository given: TUFRepository? = nil) throws {
            repository = try given ?? TUFRepository()
            if given == nil {
                repository.target = try BundleSetup.instance.get().trustedRoot.serialized()
                for role in ["root", "snapshot", "targets"] {
                    repository.expires[role] = Timestamp(seconds: TUFRepository.now.seconds + 100 * 86400)
                }
                repository.expires["timestamp"] = Timestamp(seconds: TUFRepository.now.seconds + 7 * 86400)
            }
            mirror = MemoryMirror(try repository.files())
            self.store = store
            time = ManualTime(start: TUFRepository.now)
            refresher = TrustedRootRefresher(
                client: TUFClient(initialRoot: try repository.root, store: store, mirror: mirror), time: time,
                metrics: metrics, logger: .disabled)
        }
    }

    @Test func nothingIsAskedBeforeItIsNeeded() async throws {
        let bench = try Bench()
        let loop = Task { try await bench.refresher.run() }
        for _ in 0..<3 {
            try await eventually { bench.time.sleeperCount == 1 }
            bench.time.advance(by: .seconds(60))
        }
        #expect(bench.mirror.asked.isEmpty)
        #expect(await !bench.refresher.state.isNeeded)
        #expect(try await bench.refresher.current().logs.count == 2)
        #expect(!bench.mirror.asked.isEmpty)
        loop.cancel()
        await #expect(throws: CancellationError.self) { try await loop.value }
    }

    @Test func manyAskersShareOneRefresh() async throws {
        let bench = try Bench()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try await bench.refresher.current() } }
            try await group.waitForAll()
        }
        #expect(bench.mirror.asked.filter { $0 == "timestamp.json" }.count == 1)
        let text = String(decoding: bench.metrics.exposition(), as: UTF8.self)
        #expect(text.contains(#"source_controller_trusted_root_refreshes_total{result="success"} 1"#))
    }

    @Test func refreshesDaily() async throws {
        var bench = try Bench()
        _ = try await bench.refresher.current()
        let loop = Task { [refresher = bench.refresher] in try await refresher.run() }
        defer { loop.cancel() }
        try await eventually { bench.time.sleeperCount == 1 }
        bench.repository.timestampVersion = 2
        bench.repository.expires["timestamp"] = Timestamp(seconds: TUFRepository.now.seconds + 8 * 86400)
        bench.mirror.files.merge(try bench.repository.files()) { $1 }
        bench.time.advance(by: .seconds(86400 + 1))
        let expected = bench.repository.expires["timestamp"]
        let refresher = bench.refresher
        try await eventually { await refresher.state.expires == expected }
    }

    @Test func theLastGoodOneIsUsedUntilItExpires() async throws {
        let bench = try Bench()
        _ = try await bench.refresher.current()
        bench.mirror.goDown()
        bench.time.advance(by: .seconds(7 * 86400 - 1))
        _ = try await bench.refresher.current()
        bench.time.advance(by: .seconds(1))
        let error = await #expect(throws: VerificationError.self) { try await bench.refresher.current() }
        #expect(error?.code == .trustedRoot && error?.isRetryable == true)
        #expect(error?.message.hasPrefix("unable to initialize trusted root: ") == true)
        #expect(await bench.refresher.state.failure != nil)
    }

    @Test func anotherProcessesRootIsUsedOffline() async throws {
        let first = try Bench()
        _ = try await first.refresher.current()
        let second = try Bench(store: first.store, repository: first.repository)
        second.mirror.goDown()
        #expect(try await second.refresher.current().logs.count == 2)
        let third = try Bench(repository: first.repository)
        third.mirror.goDown()
        await #expect(throws: VerificationError.self) { try await third.refresher.current() }
    }

    @Test func failuresAreNotRepeatedAtOnce() async throws {
        let bench = try Bench()
        bench.mirror.files = [:]
        for _ in 0..<5 { await #expect(throws: VerificationError.self) { try await bench.refresher.current() } }
        #expect(bench.mirror.asked.filter { $0 == "timestamp.json" }.count == 1)
        bench.time.advance(by: .seconds(60))
        bench.mirror.files = try bench.repository.files()
        _ = try await bench.refresher.current()
    }
}
