import Core
import Cryptography
import Foundation
import HTTPServing
import HTTPTransport
import SourceReconcilers
import TestPKI
import TestSupport
import Testing
import Verification
import VerificationFixtures

@testable import ControllerApp

/// A TUF repository behind a real socket; it can go down.
private final class MirrorStandIn: HTTPHandler {
    private let files = Locked<[String: [UInt8]]>([:])
    private let log = Locked<[String]>([])
    private let isDown = Locked(false)

    var asked: [String] { log.current }
    func publish(_ repository: TUFRepository) throws {
        let new = try repository.files()
        files.withLock { $0.merge(new) { $1 } }
    }
    func goDown(_ down: Bool = true) { isDown.withLock { $0 = down } }
    func forget() { log.withLock { $0 = [] } }

    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        log.withLock { $0.append(request.path) }
        if isDown.current { return HTTPServerResponse(status: 503) }
        guard let bytes = files.current[String(request.path.dropFirst("/tuf/".count))] else {
            return HTTPServerResponse(status: 404)
        }
        return HTTPServerResponse(status: 200, headers: ["Content-Type": "application/json"], body: .bytes(bytes))
    }
}

/// The trust material of the public instance: when the mirror is asked, what is used meanwhile, and what people see of it.
@Suite struct PublicTrustTests {
    private static let day = Duration.seconds(24 * 3600)
    private static let http = CurlClient()

    private struct Bench: Sendable {
        let time = ManualTime(start: TUFRepository.now)
        let folder: TemporaryDirectory
        let metrics = MetricsRegistry()
        let log = CapturedLog()
        let mirror: MirrorStandIn
        let address: String
        let initialRoot: [UInt8]

        /// The material as a process that starts now would have it.
        func trust() -> PublicTrust {
            let store = TUFDirectory(
                path: folder.file("tuf"), mirror: address, initialRoot: initialRoot,
                executor: BlockingExecutor(label: "test", width: 1))
            return PublicTrust(
                client: TUFClient(
                    initialRoot: initialRoot, store: store,
                    mirror: TUFMirror(http: PublicTrustTests.http, base: address, connection: ConnectionPolicy())),
                time: time, metrics: metrics, logger: log.logger())
        }

        var exposition: String { String(decoding: metrics.exposition(), as: UTF8.self) }
    }

    /// A repository whose metadata is good for a week, with the trusted root of a test's instance.
    private static func repository() throws -> TUFRepository {
        var repository = try TUFRepository()
        repository.target = try SigstoreInstance.shared.get().trustedRoot.serialized()
        for role in ["root", "timestamp", "snapshot", "targets"] {
            repository.expires[role] = TUFRepository.now + day * 7
        }
        return repository
    }

    private static func run(
        _ repository: TUFRepository, _ body: @escaping @Sendable (Bench) async throws -> Void
    ) async throws {
        let mirror = MirrorStandIn()
        try mirror.publish(repository)
        var configuration = HTTPServer.Configuration(address: "127.0.0.1:0", name: "mirror")
        configuration.gracePeriod = .milliseconds(20)
        let server = try HTTPServer(configuration: configuration, handler: mirror, logger: .disabled)
        let bench = Bench(
            folder: try TemporaryDirectory(), mirror: mirror, address: "http://127.0.0.1:\(server.port)/tuf",
            initialRoot: try repository.root)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            try await body(bench)
        }
    }

    @Test func nothingIsFetchedBeforeItIsNeeded() async throws {
        try await Self.run(try Self.repository()) { bench in
            let trust = bench.trust()
            let running = Task { try await trust.run() }
            defer { running.cancel() }
            #expect(trust.note == "sigstore trust: not asked for")
            #expect(bench.mirror.asked.isEmpty)
            let material = try await trust.material()
            #expect(material.root.certificateAuthorities.count == 1)
            #expect(
                trust.note
                    == "sigstore trust: good until 2023-11-21T22:13:20Z, refreshed 2023-11-14T22:13:20Z")
            let count = bench.mirror.asked.count
            // Everybody else takes what is there.
            for _ in 0..<100 { #expect(try await trust.material().digest == material.digest) }
            try await eventually("the end of the first round") { bench.time.sleeperCount == 1 }
            #expect(bench.mirror.asked.count <= 2 * count, "\(bench.mirror.asked)")
            #expect(
                bench.exposition.contains("source_controller_sigstore_trust_expiry_timestamp_seconds 1700604800"),
                "\(bench.exposition)")
        }
    }

    @Test func itIsRefreshedInTheBackground() async throws {
        let first = try Self.repository()
        try await Self.run(first) { bench in
            var repository = first
            let trust = bench.trust()
            let before = try await trust.material()
            let running = Task { try await trust.run() }
            defer { running.cancel() }
            try await eventually("the first round") { bench.time.sleeperCount == 1 }

            // The instance drops its authority; every object that rests on it is judged anew, as its digest is another.
            var root = try SigstoreInstance.shared.get().trustedRoot
            root["certificateAuthorities"] = []
            repository.target = root.serialized()
            repository.targetsVersion = 2
            repository.snapshotVersion = 2
            repository.timestampVersion = 2
            try bench.mirror.publish(repository)
            #expect(try await trust.material().digest == before.digest, "not before the day is over")
            bench.time.advance(by: Self.day)
            try await eventually("the next round") { try await trust.material().digest != before.digest }
            #expect(try await trust.material().root.certificateAuthorities.isEmpty)
            #expect(bench.exposition.contains(#"sigstore_trust_refreshes_total{result="success"}"#))
        }
    }

    @Test func theLastGoodOneIsUsedWhileItIsValidAndNoLonger() async throws {
        try await Self.run(try Self.repository()) { bench in
            let trust = bench.trust()
            let before = try await trust.material()
            bench.mirror.goDown()
            let running = Task { try await trust.run() }
            defer { running.cancel() }
            try await eventually("a refresh that fails") { trust.note.contains("; the last refresh failed: ") }
            #expect(trust.note.hasPrefix("sigstore trust: good until "))
            #expect(trust.note.contains("HTTP 503"), "\(trust.note)")
            bench.time.advance(by: Self.day * 6)
            #expect(try await trust.material().digest == before.digest)
            bench.time.advance(by: Self.day)
            let error = await #expect(throws: PublicTrustError.self) { try await trust.material() }
            let message = error?.description ?? ""
            #expect(message.hasPrefix("unable to initialize trusted root: "), "\(message)")
            #expect(
                message.contains("--sigstore-tuf-mirror") && message.contains("--sigstore-trusted-root"), "\(message)")
            #expect(trust.note.hasPrefix("sigstore trust: expired at 2023-11-21T22:13:20Z"), "\(trust.note)")
            #expect(bench.exposition.contains(#"sigstore_trust_refreshes_total{result="failure"}"#))
        }
    }

    /// Objects in need must not each wait for a mirror that is out of reach.
    @Test func aFailureIsRememberedForAMinute() async throws {
        try await Self.run(try Self.repository()) { bench in
            bench.mirror.goDown()
            let trust = bench.trust()
            for _ in 0..<20 { await #expect(throws: PublicTrustError.self) { try await trust.material() } }
            let count = bench.mirror.asked.count
            #expect(count <= 3, "\(bench.mirror.asked)")
            #expect(trust.note.contains("HTTP 503"))
            bench.mirror.goDown(false)
            bench.time.advance(by: .seconds(61))
            _ = try await trust.material()
        }
    }

    @Test func whatIsOnTheDiskIsEnoughAfterARestart() async throws {
        try await Self.run(try Self.repository()) { bench in
            let before = try await bench.trust().material()
            bench.mirror.goDown()
            bench.mirror.forget()
            let trust = bench.trust()
            #expect(try await trust.material().digest == before.digest)
            #expect(bench.mirror.asked.isEmpty, "nobody waits for the mirror")
            #expect(trust.note.hasSuffix("refreshed before the start"))
            // Once it has expired, the disk vouches for nothing.
            bench.time.advance(by: Self.day * 7)
            await #expect(throws: PublicTrustError.self) { try await bench.trust().material() }
        }
    }

    /// What an attacker who owns the mirror, or the way to it, offers after a genuine refresh.
    static let attacks: [(name: String, change: @Sendable (inout TUFRepository) throws -> Void, problem: String)] = [
        ("rollback", { $0.timestampVersion = 1 }, "version"),
        ("freeze", { $0.expires["timestamp"] = TUFRepository.now }, "expired"),
        ("forgery", { $0.onlineKey = try PrivateKey.generate(.ecdsa(.p256)) }, "signed"),
        ("a target that cannot be read", { _ in }, "cannot be used"),
        ("another target", { $0.change["targets"] = { $0["targets"]?["trusted_root.json"]?["length"] = 1 } }, "larger"),
    ]

    @Test(arguments: attacks.indices)
    func attacksOnTheMirrorChangeNothing(_ index: Int) async throws {
        var genuine = try Self.repository()
        genuine.timestampVersion = 5
        let attack = Self.attacks[index]
        try await Self.run(genuine) { [genuine] bench in
            let trust = bench.trust()
            let before = try await trust.material()
            var evil = genuine
            evil.target = Array(#"{"mediaType":"evil"}"#.utf8)
            evil.timestampVersion = 6
            evil.snapshotVersion = 6
            evil.targetsVersion = 6
            try attack.change(&evil)
            try bench.mirror.publish(evil)
            let running = Task { try await trust.run() }
            defer { running.cancel() }
            try await eventually("the refusal") { trust.note.contains("; the last refresh failed: ") }
            #expect(trust.note.contains(attack.problem), "\(attack.name): \(trust.note)")
            #expect(try await trust.material().digest == before.digest)
            #expect(try await bench.trust().material().digest == before.digest, "nor after a restart")
        }
    }

    /// `--sigstore-trusted-root`: read anew each time.
    @Test func aFileInPlaceOfTheMirror() async throws {
        let folder = try TemporaryDirectory()
        let file = TrustedRootFile(
            path: folder.file("trusted_root.json"), executor: BlockingExecutor(label: "test", width: 1))
        let missing = await #expect(throws: PublicTrustError.self) { try await file.material() }
        #expect(missing?.description.contains("does not exist or may not be read") == true)
        let root = try SigstoreInstance.shared.get().trustedRoot
        try folder.write(root.serialized(), to: "trusted_root.json")
        let before = try await file.material()
        var other = root
        other["ctlogs"] = []
        try folder.write(other.serialized(), to: "trusted_root.json")
        #expect(try await file.material().digest != before.digest)
        try folder.write("{}", to: "trusted_root.json")
        let broken = await #expect(throws: PublicTrustError.self) { try await file.material() }
        #expect(broken?.description.contains("--sigstore-trusted-root") == true)
        try folder.write([UInt8](repeating: 0x20, count: (1 << 20) + 1), to: "trusted_root.json")
        let large = await #expect(throws: PublicTrustError.self) { try await file.material() }
        #expect(large?.description.contains("more than 1048576") == true)
    }
}
