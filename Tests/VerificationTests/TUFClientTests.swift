import Core
import Cryptography
import TestPKI
import TestSupport
import Testing
import Verification
import VerificationFixtures

/// The client workflow of the TUF specification, against repositories that are sound or attacked.
struct TUFClientTests {
    static let now = TUFRepository.now
    static let name = "trusted_root.json"

    /// A client of a repository, and what it talks to.
    struct Bench {
        let mirror: MemoryMirror
        let store: MemoryStore
        let initialRoot: [UInt8]

        init(_ repository: TUFRepository, initialRoot: [UInt8]? = nil, store: MemoryStore = MemoryStore()) throws {
            mirror = MemoryMirror(try repository.files())
            self.store = store
            self.initialRoot = try initialRoot ?? repository.root
        }

        var client: TUFClient { TUFClient(initialRoot: initialRoot, store: store, mirror: mirror) }

        @discardableResult
        func refresh(at now: Timestamp = TUFClientTests.now) async throws -> TUFClient.Target {
            try await client.refresh(TUFClientTests.name, at: now)
        }

        /// The mirror now has what `repository` has.
        func publish(_ repository: TUFRepository) throws { mirror.files.merge(try repository.files()) { $1 } }

        func refuses(_ code: TUFError.Code, at now: Timestamp = TUFClientTests.now) async {
            let error = await #expect(throws: TUFError.self) { try await refresh(at: now) }
            #expect(error?.code == code, "\(error.map { "\($0)" } ?? "accepted")")
        }
    }

    @Test(arguments: [true, false])
    func soundRepositories(_ isConsistent: Bool) async throws {
        var repository = try TUFRepository()
        repository.isConsistent = isConsistent
        let bench = try Bench(repository)
        let target = try await bench.refresh()
        #expect(target.bytes == repository.target)
        #expect(target.expires == Timestamp(seconds: Self.now.seconds + 1000))

        // Again: only what may have changed is asked for.
        bench.mirror.forget()
        try await bench.refresh()
        #expect(bench.mirror.asked == ["2.root.json", "timestamp.json"])

        // And without the mirror, as long as nothing expired.
        bench.mirror.goDown()
        #expect(try await bench.client.stored(Self.name, at: Self.now).bytes == repository.target)
        let late = await #expect(throws: TUFError.self) {
            try await bench.client.stored(Self.name, at: Timestamp(seconds: Self.now.seconds + 1000))
        }
        #expect(late?.code == .expired)
        let down = await #expect(throws: TUFError.self) { try await bench.refresh() }
        #expect(down?.code == .fetch && down?.isRetryable == true)
    }

    @Test func updates() async throws {
        var repository = try TUFRepository()
        let bench = try Bench(repository)
        try await bench.refresh()
        repository.timestampVersion = 2
        repository.snapshotVersion = 5
        repository.targetsVersion = 3
        repository.target = Array("new".utf8)
        try bench.publish(repository)
        let target = try await bench.refresh()
        #expect(target.bytes == Array("new".utf8))
        #expect(target.targetsVersion == 3)
    }

    @Test func rotatedRoots() async throws {
        var repository = try TUFRepository()
        let old = repository
        let bench = try Bench(repository)
        // Two rotations: one key replaced, then the online key.
        repository.rootVersion = 2
        repository.rootKeys[0] = try PrivateKey.generate(.ecdsa(.p256))
        repository.signers["root"] = [old.rootKeys[0], old.rootKeys[1], repository.rootKeys[0]]
        try bench.publish(repository)
        repository.signers["root"] = nil
        repository.rootVersion = 3
        repository.onlineKey = try PrivateKey.generate(.ecdsa(.p256))
        try bench.publish(repository)
        #expect(try await bench.refresh().rootVersion == 3)
        // The rotation is remembered.
        bench.mirror.forget()
        try await bench.refresh()
        #expect(bench.mirror.asked.first == "4.root.json")
    }

    /// A compromised online key signed far ahead; new online keys start over.
    @Test func fastForwardRecovery() async throws {
        var repository = try TUFRepository()
        repository.timestampVersion = 1_000_000
        repository.snapshotVersion = 1_000_000
        let bench = try Bench(repository)
        try await bench.refresh()
        repository.rootVersion = 2
        repository.onlineKey = try PrivateKey.generate(.ecdsa(.p256))
        repository.timestampVersion = 2
        repository.snapshotVersion = 2
        try bench.publish(repository)
        #expect(try await bench.refresh().timestampVersion == 2)
    }

    /// Faults of single documents of a fresh repository.
    static let faults: [(String, TUFError.Code, @Sendable (inout TUFRepository) throws -> Void)] = [
        ("tuf-type", .malformed, { $0.change["timestamp"] = { $0["_type"] = "snapshot" } }),
        ("tuf-type", .malformed, { $0.change["targets"] = { $0["_type"] = "snapshot" } }),
        ("tuf-signed", .unsigned, { $0.signers["timestamp"] = [] }),
        ("tuf-signed", .unsigned, { $0.signers["timestamp"] = [try PrivateKey.generate(.ecdsa(.p256))] }),
        ("tuf-signed", .unsigned, { $0.signers["snapshot"] = [$0.rootKeys[0]] }),
        ("tuf-signed", .unsigned, { $0.signers["targets"] = [$0.rootKeys[0]] }),
        // One key twice is one.
        ("tuf-signed", .unsigned, { $0.signers["targets"] = [$0.rootKeys[0], $0.rootKeys[0]] }),
        ("tuf-expiry", .expired, { $0.expires["root"] = now }),
        ("tuf-expiry", .expired, { $0.expires["timestamp"] = now }),
        ("tuf-expiry", .expired, { $0.expires["snapshot"] = now }),
        ("tuf-expiry", .expired, { $0.expires["targets"] = now }),
        ("tuf-root-self", .unsigned, { $0.signers["root"] = [$0.rootKeys[0]] }),
        ("tuf-threshold-minimum", .malformed, { $0.change["root"] = { $0.edit("roles.timestamp.threshold", 0) } }),
        (
            "tuf-hash", .mismatch,
            {
                $0.change["timestamp"] = {
                    $0.edit(
                        "meta", ["snapshot.json": ["version": 1, "hashes": ["sha256": .string(Digest.of("x").hex)]]])
                }
            }
        ),
        (
            "tuf-length", .mismatch,
            {
                $0.change["timestamp"] = { $0.edit("meta", ["snapshot.json": ["version": 1, "length": 1_000_000]]) }
            }
        ),
        (
            "tuf-limit", .malformed,
            {
                $0.change["timestamp"] = { $0.edit("meta", ["snapshot.json": ["version": 1, "length": 10]]) }
            }
        ),
        ("tuf-version", .mismatch, { $0.change["snapshot"] = { $0["version"] = 2 } }),
        ("tuf-version", .mismatch, { $0.change["targets"] = { $0["version"] = 2 } }),
        ("tuf-target-limit", .malformed, { $0.target = [UInt8](repeating: 7, count: 2 << 20) }),
        ("no target", .malformed, { $0.change["targets"] = { $0["targets"] = [:] } }),
        ("spec_version", .malformed, { $0.change["timestamp"] = { $0["spec_version"] = "2.0" } }),
        ("version 0", .malformed, { $0.change["timestamp"] = { $0["version"] = 0 } }),
    ]

    @Test(arguments: faults.indices)
    func refuses(_ index: Int) async throws {
        let (check, code, change) = Self.faults[index]
        var repository = try TUFRepository()
        try change(&repository)
        let error = await #expect(throws: TUFError.self, "\(check)") { try await Bench(repository).refresh() }
        #expect(error?.code == code, "\(check): \(error.map { "\($0)" } ?? "")")
    }

    @Test func targetsAreCompared() async throws {
        let repository = try TUFRepository()
        let bench = try Bench(repository)
        let path = "targets/\(Digest.of(repository.target).hex).trusted_root.json"
        bench.mirror.files[path] = Array("trusted rooT".utf8)
        await bench.refuses(.mismatch)
        bench.mirror.files[path] = Array("trusted root and more".utf8)
        await bench.refuses(.malformed)
        bench.mirror.files[path] = nil
        await bench.refuses(.fetch)
        bench.mirror.files[path] = repository.target
        try await bench.refresh()
        // What was stored is compared too.
        let file = try #require(bench.store.current.keys.first { $0.hasPrefix("target-") })
        try await bench.store.write([1], file)
        let error = await #expect(throws: TUFError.self) { try await bench.client.stored(Self.name, at: Self.now) }
        #expect(error?.code == .mismatch)
        #expect(try await bench.refresh().bytes == repository.target)
    }

    static let rollbacks: [(String, @Sendable (inout TUFRepository) -> Void)] = [
        ("tuf-timestamp-rollback", { $0.timestampVersion = 4 }),
        (
            "tuf-snapshot-rollback",
            {
                $0.timestampVersion = 6
                $0.snapshotVersion = 4
            }
        ),
        (
            "tuf-file-rollback",
            {
                $0.timestampVersion = 6
                $0.snapshotVersion = 6
                $0.change["snapshot"] = { $0.edit("meta", ["targets.json": ["version": 5]]) }
            }
        ),
        (
            "tuf-file-rollback",
            {
                $0.timestampVersion = 6
                $0.snapshotVersion = 6
                $0.change["snapshot"] = {
                    $0.edit("meta", ["targets.json": ["version": 5], "old.json": ["version": 2]])
                }
            }
        ),
    ]

    @Test(arguments: rollbacks.indices)
    func refusesToGoBack(_ index: Int) async throws {
        var repository = try TUFRepository()
        repository.timestampVersion = 5
        repository.snapshotVersion = 5
        repository.targetsVersion = 5
        let bench = try Bench(repository)
        try await bench.refresh()
        Self.rollbacks[index].1(&repository)
        try bench.publish(repository)
        await bench.refuses(.rollback)
        // What was accepted stays.
        #expect(try await bench.client.stored(Self.name, at: Self.now).timestampVersion <= 6)
    }

    /// A refresh that breaks off in the middle leaves the last good target usable, and no longer than it was before: a
    /// mirror that passes on new timestamps but withholds what they name would otherwise freeze it.
    @Test func brokenOffRefreshes() async throws {
        var repository = try TUFRepository()
        let late = Self.now + .seconds(10_000)
        for role in ["root", "snapshot", "targets"] { repository.expires[role] = late }
        let old = repository.target
        let bench = try Bench(repository)
        let oldTimestamp = bench.mirror.files["timestamp.json"]
        let end = try await bench.refresh().expires
        #expect(end == Self.now + .seconds(1000))
        repository.expires["timestamp"] = late
        repository.timestampVersion = 2
        repository.snapshotVersion = 2
        repository.targetsVersion = 2
        repository.target = Array("new".utf8)
        let files = try repository.files()
        for path in ["timestamp.json", "2.snapshot.json", "2.targets.json"] {
            bench.mirror.files[path] = files[path]
            await bench.refuses(.fetch)
            let stored = try await bench.client.stored(Self.name, at: Self.now)
            #expect(stored.bytes == old && stored.expires == end && stored.timestampVersion == 1)
            let error = await #expect(throws: TUFError.self) { try await bench.client.stored(Self.name, at: end) }
            #expect(error?.code == .expired)
        }
        // What was seen of the new documents holds off the old ones.
        bench.mirror.files["timestamp.json"] = oldTimestamp
        await bench.refuses(.rollback)
        try bench.publish(repository)
        #expect(try await bench.refresh().bytes == repository.target)
        #expect(try await bench.client.stored(Self.name, at: end).bytes == repository.target)
    }

    /// A crash between two writes may leave documents of two refreshes.
    @Test func mixedStores() async throws {
        var repository = try TUFRepository()
        let bench = try Bench(repository)
        try await bench.refresh()
        let old = bench.store.current
        repository.timestampVersion = 2
        repository.snapshotVersion = 2
        repository.targetsVersion = 2
        try bench.publish(repository)
        try await bench.refresh()
        for name in ["completed-timestamp.json", "completed-snapshot.json", "completed-targets.json"] {
            let new = try #require(bench.store.current[name])
            try await bench.store.write(try #require(old[name]), name)
            let error = await #expect(throws: TUFError.self) { try await bench.client.stored(Self.name, at: Self.now) }
            #expect(error?.code == .mismatch, "\(name)")
            try await bench.store.write(new, name)
        }
        #expect(try await bench.client.stored(Self.name, at: Self.now).targetsVersion == 2)
    }

    /// Versions may agree where contents do not: a repository that says two things at once.
    @Test func storesOfTwoMinds() async throws {
        var repository = try TUFRepository()
        let bench = try Bench(repository)
        try await bench.refresh()
        repository.targetsVersion = 2
        let others = try repository.files()
        try await bench.store.write(try #require(others["1.snapshot.json"]), "completed-snapshot.json")
        try await bench.store.write(try #require(others["2.targets.json"]), "completed-targets.json")
        let error = await #expect(throws: TUFError.self) { try await bench.client.stored(Self.name, at: Self.now) }
        #expect(error?.code == .mismatch)
    }

    /// A target that nobody can read does not take the place of one that is good.
    @Test func unusableTargets() async throws {
        struct Unreadable: Error {}
        var repository = try TUFRepository()
        let old = repository.target
        let bench = try Bench(repository)
        try await bench.refresh()
        repository.timestampVersion = 2
        repository.snapshotVersion = 2
        repository.targetsVersion = 2
        repository.target = Array("new".utf8)
        try bench.publish(repository)
        let error = await #expect(throws: TUFError.self) {
            try await bench.client.refresh(Self.name, at: Self.now) { bytes in
                if bytes != old { throw Unreadable() }
            }
        }
        #expect(error?.code == .malformed && error?.underlying is Unreadable)
        #expect(try await bench.client.stored(Self.name, at: Self.now).bytes == old)
    }

    /// The same version with other content is not taken.
    @Test func sameVersionKeepsTheOld() async throws {
        var repository = try TUFRepository()
        let bench = try Bench(repository)
        try await bench.refresh()
        repository.target = Array("replaced".utf8)
        try bench.publish(repository)
        #expect(try await bench.refresh().bytes == Array("trusted root".utf8))
    }

    @Test func chainOfRoots() async throws {
        let first = try TUFRepository()
        // Signed by itself, but not by the keys before.
        var forged = try TUFRepository()
        forged.rootVersion = 2
        let bench = try Bench(first)
        bench.mirror.files = try forged.files()
        await bench.refuses(.unsigned)

        // The right keys, the wrong version.
        var skipped = first
        skipped.rootVersion = 7
        let other = try Bench(first)
        other.mirror.files["2.root.json"] = try skipped.root
        await other.refuses(.rollback)
    }

    /// An old root may start the chain; only the last must be fresh.
    @Test func expiredInitialRoot() async throws {
        var repository = try TUFRepository()
        repository.expires["root"] = Timestamp(seconds: 1)
        let initial = try repository.root
        repository.expires["root"] = nil
        repository.rootVersion = 2
        let bench = try Bench(repository, initialRoot: initial)
        #expect(try await bench.refresh().rootVersion == 2)
    }

    /// One key under two identifiers counts once.
    @Test func keysAreCountedNotIdentifiers() async throws {
        var repository = try TUFRepository()
        let key = repository.rootKeys[0]
        repository.change["root"] = { root in
            let value = root.at("keys.\(TUFRepository.keyID(key))") ?? .null
            root.edit("keys.twin", value)
            root.edit("roles.targets.keyids", [.string(TUFRepository.keyID(key)), "twin"])
        }
        let bench = try Bench(repository)
        let path = "1.targets.json"
        var targets = try JSONValue(parsing: bench.mirror.files[path] ?? [])
        var twin = targets.at("signatures.0") ?? .null
        twin["keyid"] = "twin"
        targets.edit("signatures", [targets.at("signatures.0") ?? .null, twin])
        bench.mirror.files[path] = targets.serialized()
        await bench.refuses(.unsigned)
    }

    @Test func spoiledStores() async throws {
        let repository = try TUFRepository()
        let bench = try Bench(repository)
        try await bench.refresh()
        for name in bench.store.current.keys {
            let kept = bench.store.current[name] ?? []
            for bytes in [[], Array("{}".utf8), Array("no json".utf8)] as [[UInt8]] {
                try await bench.store.write(bytes, name)
                #expect(try await bench.refresh().bytes == repository.target)
            }
            try await bench.store.write(kept, name)
        }
    }

    /// A store of an older program does not hold a newer initial root back.
    @Test func newerInitialRoot() async throws {
        var repository = try TUFRepository()
        let bench = try Bench(repository)
        try await bench.refresh()
        repository.rootVersion = 5
        let newer = try Bench(repository, store: bench.store)
        #expect(try await newer.refresh().rootVersion == 5)
    }

    @Test func storesOnDisk() async throws {
        let folder = try TemporaryDirectory()
        let executor = BlockingExecutor(label: "test", width: 1)
        let one = TUFDirectory(path: folder.file("tuf"), mirror: "https://a", initialRoot: [1], executor: executor)
        let other = TUFDirectory(path: folder.file("tuf"), mirror: "https://a", initialRoot: [2], executor: executor)
        #expect(try await one.read("root.json") == nil)
        try await one.remove("root.json")
        try await one.write([1, 2], "root.json")
        try await one.write([3], "root.json")
        #expect(try await one.read("root.json") == [3])
        #expect(try await other.read("root.json") == nil)
        try await one.remove("root.json")
        #expect(try await one.read("root.json") == nil)
    }

    /// The public instance's root is signed by its own keys, over the canonical form with raw line feeds.
    @Test func publicRoot() async throws {
        let mirror = MemoryMirror([:])
        let client = TUFClient(initialRoot: PublicGoodInstance.tufRoot, store: MemoryStore(), mirror: mirror)
        let error = await #expect(throws: TUFError.self) {
            try await client.refresh(Self.name, at: Timestamp(seconds: 1_790_000_000))
        }
        // It got past the root.
        #expect(error?.code == .fetch)
        #expect(mirror.asked == ["16.root.json", "timestamp.json"])
    }
}
