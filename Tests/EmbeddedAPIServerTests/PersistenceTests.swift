import Core
import EmbeddedAPIServer
import Foundation
import TestSupport
import Testing

@Suite struct PersistenceTests {
    private static let path = "/apis/example.test/v1/namespaces/demo/widgets"

    private static func widget(_ name: String) -> JSONValue {
        [
            "apiVersion": "example.test/v1", "kind": "Widget", "metadata": ["name": .string(name)],
            "spec": ["url": "oci://host/x"],
        ]
    }

    /// What a killed process leaves: the files as they are, with nothing flushed or closed on purpose.
    private static func copy(_ folder: TemporaryDirectory) throws -> TemporaryDirectory {
        let other = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: other.file("state"), withIntermediateDirectories: true)
        try other.write(try folder.read("state/state.log"), to: "state/state.log")
        return other
    }

    private static func version(_ value: JSONValue) -> UInt64 {
        value.member(at: "metadata", "resourceVersion")?.stringValue.flatMap { UInt64($0) } ?? 0
    }

    @Test func `objects and versions survive a killed process`() async throws {
        let folder = try TemporaryDirectory()
        let first = try TestServer(dataFolder: folder.file("state"))
        _ = try await first.post(Self.path, Self.widget("a"))
        let gone = try await first.post(Self.path, Self.widget("b"))
        _ = try await first.delete(Self.path + "/b")
        let last = try await first.patch(Self.path + "/a", ["spec": ["count": 3]])
        #expect(Self.version(last.json) > Self.version(gone.json))

        let copy = try Self.copy(folder)
        defer { withExtendedLifetime(copy) {} }
        let second = try TestServer(dataFolder: copy.file("state"))
        #expect(try await second.get(Self.path + "/a").json == last.json)
        #expect(try await second.get(Self.path + "/b").status == 404)
        let next = try await second.post(Self.path, Self.widget("c"))
        #expect(Self.version(next.json) > Self.version(last.json))
        // What happened before the start cannot be watched any more.
        let old = await second.watch(Self.path + "?watch=true&resourceVersion=\(Self.version(gone.json))")
        #expect(old.events.first?.member(at: "object", "code") == 410)
    }

    @Test(arguments: [1, 7, 40]) func `a torn last record is dropped`(missing: Int) async throws {
        let folder = try TemporaryDirectory()
        let first = try TestServer(dataFolder: folder.file("state"))
        _ = try await first.post(Self.path, Self.widget("a"))
        _ = try await first.post(Self.path, Self.widget("b"))
        let torn = try Self.copy(folder)
        defer { withExtendedLifetime(torn) {} }
        try torn.write(try folder.read("state/state.log").dropLast(missing), to: "state/state.log")
        let second = try TestServer(dataFolder: torn.file("state"))
        #expect(try await second.get(Self.path + "/a").status == 200)
        #expect(try await second.get(Self.path + "/b").status == 404)
        #expect(try await second.post(Self.path, Self.widget("b")).status == 201)
    }

    @Test func `damage before the end is refused`() async throws {
        let folder = try TemporaryDirectory()
        let first = try TestServer(dataFolder: folder.file("state"))
        _ = try await first.post(Self.path, Self.widget("a"))
        var bytes = try folder.read("state/state.log")
        bytes[bytes.count / 2] ^= 0x01
        let damaged = try Self.copy(folder)
        defer { withExtendedLifetime(damaged) {} }
        try damaged.write(bytes, to: "state/state.log")
        let error = #expect(throws: EmbeddedAPIServerError.self) {
            try TestServer(dataFolder: damaged.file("state"))
        }
        #expect(error?.code == .damagedState)
        #expect(error?.message.contains("damaged at byte") == true)
    }

    @Test func `the folder is private and used by one server`() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("deep/state")
        let server = try TestServer(dataFolder: path)
        _ = try await server.post(Self.path, Self.widget("a"))
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(path) == 0o700)
        #expect(try mode(path + "/state.log") == 0o600)
        let error = #expect(throws: EmbeddedAPIServerError.self) { try TestServer(dataFolder: path) }
        #expect(error?.code == .inUse)
        withExtendedLifetime(server) {}
    }

    @Test func `the log is rewritten when it is mostly outdated`() async throws {
        let folder = try TemporaryDirectory()
        let server = try TestServer(dataFolder: folder.file("state"))
        _ = try await server.post(Self.path, Self.widget("a"))
        let path = "/api/v1/namespaces/demo/configmaps"
        let text = String(repeating: "x", count: 900_000)
        _ = try await server.post(
            path, ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["k": .string(text)]])
        for round in 0..<10 {
            _ = try await server.patch(path + "/c", ["data": ["round": .string(String(round))]])
        }
        func size() throws -> Int { try folder.read("state/state.log").count }
        #expect(try size() > 8 << 20)
        let housekeeping = Task { try await server.server.run() }
        try await eventually("a smaller log") { try size() < 2 << 20 }
        // The new file takes further changes.
        _ = try await server.post(Self.path, Self.widget("b"))
        housekeeping.cancel()
        _ = await housekeeping.result
        let copy = try Self.copy(folder)
        defer { withExtendedLifetime(copy) {} }
        let second = try TestServer(dataFolder: copy.file("state"))
        #expect(try await second.get(Self.path + "/a").status == 200)
        #expect(try await second.get(Self.path + "/b").status == 200)
        #expect(try await second.get(path + "/c").json.member(at: "data", "round") == "9")
    }

    @Test func `old events are dropped`() async throws {
        let time = ManualTime()
        let server = try TestServer(time: time)
        let path = "/api/v1/namespaces/demo/events"
        for (name, age) in [("old", 4000), ("new", 100)] {
            let stamp = (time.now + .seconds(-age)).rfc3339
            let answer = try await server.post(
                path,
                [
                    "apiVersion": "v1", "kind": "Event", "metadata": ["name": .string(name)],
                    "involvedObject": ["kind": "Widget", "name": "x", "namespace": "demo"],
                    "lastTimestamp": .string(stamp),
                ])
            #expect(answer.status == 201)
        }
        let housekeeping = Task { try await server.server.run() }
        try await eventually("the sweep") {
            time.advance(by: .seconds(30))
            return try await server.get(path + "/old").status == 404
        }
        #expect(try await server.get(path + "/new").status == 200)
        housekeeping.cancel()
        _ = await housekeeping.result
    }
}
