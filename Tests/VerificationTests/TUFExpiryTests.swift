import Core
import Cryptography
import TestPKI
import Testing
import Verification
import VerificationFixtures

/// Each document of a repository vouches only until it expires, however it came to be used.
struct TUFExpiryTests {
    static let roles = ["root", "timestamp", "snapshot", "targets"]
    static let late = Timestamp(seconds: TUFRepository.now.seconds + 1000)

    /// A repository of which only one document expires at `late`.
    static func repository(_ role: String) throws -> TUFRepository {
        var repository = try TUFRepository()
        for other in roles { repository.expires[other] = Timestamp(seconds: late.seconds + 10_000) }
        repository.expires[role] = late
        return repository
    }

    /// Once it was accepted, and nothing newer is there.
    @Test(arguments: roles)
    func whatWasAcceptedExpires(_ role: String) async throws {
        let bench = try TUFClientTests.Bench(try Self.repository(role))
        try await bench.refresh()
        await bench.refuses(.expired, at: Self.late)
        let error = await #expect(throws: TUFError.self) {
            try await bench.client.stored(TUFClientTests.name, at: Self.late)
        }
        #expect(error?.code == .expired)
    }

    /// When it is fetched for the first time.
    @Test(arguments: roles)
    func whatIsFetchedExpires(_ role: String) async throws {
        let bench = try TUFClientTests.Bench(try Self.repository(role))
        await bench.refuses(.expired, at: Self.late)
        // What was refused is not kept.
        let file = role == "root" ? "timestamp.json" : "\(role).json"
        #expect(bench.store.current[file] == nil)
    }

    /// A target that was spoiled on disk is not used.
    @Test func spoiledTargets() async throws {
        let bench = try TUFClientTests.Bench(try TUFRepository())
        try await bench.refresh()
        let file = try #require(bench.store.current.keys.first { $0.hasPrefix("target-") })
        try await bench.store.write(Array("trusted r00t".utf8), file)
        let error = await #expect(throws: TUFError.self) {
            try await bench.client.stored(TUFClientTests.name, at: TUFRepository.now)
        }
        #expect(error?.code == .mismatch)
    }

    /// Metadata whose own version is another than the listed one, though everybody signed it.
    @Test(arguments: ["snapshot", "targets"])
    func otherVersions(_ role: String) async throws {
        var repository = try TUFRepository()
        repository.change[role] = { $0["version"] = 7 }
        // The timestamp lists what the snapshot was before; it need not list a hash.
        repository.change["timestamp"] = { $0["meta"] = ["snapshot.json": ["version": 1]] }
        await (try TUFClientTests.Bench(repository)).refuses(.mismatch)
    }

    /// Files that the listed hash does not fit.
    @Test(arguments: ["1.snapshot.json", "1.targets.json"])
    func otherBytes(_ file: String) async throws {
        var repository = try TUFRepository()
        let wrong: JSONValue = ["version": 1, "hashes": ["sha256": .string(Digest.of("x").hex)]]
        if file == "1.snapshot.json" {
            repository.change["timestamp"] = { $0["meta"] = ["snapshot.json": wrong] }
        } else {
            repository.change["snapshot"] = { $0.edit("meta", ["targets.json": wrong]) }
            repository.change["timestamp"] = { $0["meta"] = ["snapshot.json": ["version": 1]] }
        }
        await (try TUFClientTests.Bench(repository)).refuses(.mismatch)
    }

    /// tuf-plain-name, tuf-target-hash
    @Test func targetsThatAreNoFiles() async throws {
        var repository = try TUFRepository()
        let target = repository.target
        repository.change["targets"] = { content in
            let hashes: JSONValue = ["sha256": .string(Digest.of(target).hex)]
            content["targets"] = [
                "a/b": ["length": .integer(Int64(target.count)), "hashes": hashes],
                "bare": ["length": .integer(Int64(target.count))],
            ]
        }
        let bench = try TUFClientTests.Bench(repository)
        bench.mirror.files["targets/\(Digest.of(target).hex).a/b"] = target
        bench.mirror.files["targets/bare"] = target
        for name in ["a/b", "bare"] {
            let error = await #expect(throws: TUFError.self) {
                try await bench.client.refresh(name, at: TUFRepository.now)
            }
            #expect(error?.code == .malformed, "\(name)")
        }
    }
}
