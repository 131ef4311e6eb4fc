import Core
import Foundation
import Glibc
import HTTPServing
import TestSupport
import Testing

@testable import ArtifactStore

@Suite struct ServingTests {
    private struct Answer {
        let status: Int
        let fields: [String: String]
        let body: [UInt8]
    }

    /// Runs `body` with a server over the store's handler; `curl` is the client.
    private func withServer(
        _ fixture: StoreFixture, _ body: (_ request: (String, [String]) async throws -> Answer) async throws -> Void
    ) async throws {
        let server = try HTTPServer(
            configuration: .init(address: "127.0.0.1:0"), handler: fixture.store.handler, logger: .disabled)
        let port = server.port
        let task = Task { try await server.run() }
        defer { task.cancel() }
        try await body { path, arguments in
            let folder = try TemporaryDirectory()
            let outcome = try await CommandLineTool.run(
                "curl",
                ["-s", "--path-as-is", "-D", folder.file("head"), "-o", folder.file("body"), "--max-time", "20"]
                    + arguments
                    + ["http://127.0.0.1:\(port)\(path)"])
            #expect(outcome.status == 0, "curl \(path): \(outcome.status)")
            let lines = String(decoding: try folder.read("head"), as: UTF8.self).split(whereSeparator: \.isNewline)
            var fields: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
            }
            let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            return Answer(status: status, fields: fields, body: (try? folder.read("body")) ?? [])
        }
    }

    @Test func servesWhatIsStored() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a.yaml": String(repeating: "content ", count: 5000)])
        let artifact = try await fixture.ingest(layer)
        try await withServer(fixture) { request in
            let encoded = "/" + artifact.path.replacingOccurrences(of: ":", with: "%3A")
            for path in [
                "/" + artifact.path, encoded, encoded.replacingOccurrences(of: "%3A", with: "%3a"),
                "/ocirepository/default/podinfo/latest.tar.gz",
            ] {
                let answer = try await request(path, [])
                #expect(answer.status == 200)
                #expect(answer.body == layer)
                #expect(answer.fields["content-type"] == "application/gzip")
                #expect(answer.fields["etag"] == "\"\(artifact.digest)\"")
                #expect(answer.fields["content-length"] == "\(layer.count)")
                #expect(answer.fields["accept-ranges"] == "bytes")
            }
            let head = try await request("/" + artifact.path, ["-I"])
            #expect((head.status, head.fields["content-length"]) == (200, "\(layer.count)"))
            let part = try await request("/" + artifact.path, ["-r", "10-19"])
            #expect((part.status, part.body) == (206, [UInt8](layer[10..<20])))
            let known = try await request("/" + artifact.path, ["-H", "If-None-Match: \"\(artifact.digest)\""])
            #expect((known.status, known.body.count) == (304, 0))
        }
    }

    /// What proxies send (RFC 9112, section 3.2.2), whatever the Host field says.
    @Test func servesAbsoluteTargets() async throws {
        let fixture = try await StoreFixture()
        let layer = try await Layers.plain(["a.yaml": String(repeating: "content ", count: 5000)])
        let artifact = try await fixture.ingest(layer)
        try fixture.folder.write("secret", to: "secret")
        try await withServer(fixture) { request in
            func ask(_ path: String, _ arguments: [String] = []) async throws -> Answer {
                try await request(
                    "/", ["--request-target", "http://store.example\(path)", "-H", "Host: other"] + arguments)
            }
            let whole = try await ask("/\(artifact.path)")
            #expect((whole.status, whole.body) == (200, layer))
            let head = try await ask("/\(artifact.path)", ["-I"])
            #expect((head.status, head.fields["content-length"]) == (200, "\(layer.count)"))
            let part = try await ask("/\(artifact.path)", ["-r", "10-19"])
            #expect((part.status, part.body) == (206, [UInt8](layer[10..<20])))
            #expect(try await ask("").status == 200)
            for path in ["/secret", "/ocirepository/../secret", "/%2e%2e/secret", "//secret", "/../\(artifact.path)"] {
                #expect(try await ask(path).status == 404, "\(path)")
            }
        }
    }

    @Test func servesNothingElse() async throws {
        let fixture = try await StoreFixture()
        let artifact = try await fixture.ingest(try await Layers.odd("add('a')\nadd('l', SYMTYPE, link='a')"))
        try fixture.folder.write("secret", to: "ocirepository/default/podinfo/stray.tar.gz")
        try fixture.folder.write("secret", to: "secret")
        try await withServer(fixture) { request in
            let root = try await request("/", [])
            #expect((root.status, root.body.count) == (200, 0))
            #expect(try await request("/", ["-I"]).status == 200)
            let folder = "/ocirepository/default/podinfo"
            for path in [
                "/ocirepository", "/ocirepository/", "/ocirepository/default/", folder, folder + "/",
                "//" + artifact.path,
                "/secret", folder + "/stray.tar.gz", "/.index/default/podinfo", "/.layers/default/podinfo", "/.ingest/",
                folder + "/../podinfo/latest.tar.gz", "/ocirepository/./default/podinfo/latest.tar.gz",
                folder + "/%2e%2e/podinfo/latest.tar.gz", "/" + artifact.path + "%00", "/" + artifact.path + "/",
                "/%", "/%zz", "/%c3%a9", "/../../../../etc/passwd", "/..%2f..%2fetc/passwd", "/" + artifact.path + "x",
            ] {
                let answer = try await request(path, [])
                #expect(answer.status == 404 || answer.status == 400, "\(path)")
                #expect(!answer.body.starts(with: [UInt8]("secret".utf8)), "\(path)")
            }
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
                let answer = try await request("/" + artifact.path, ["-X", method])
                #expect((answer.status, answer.fields["allow"]) == (405, "GET, HEAD"))
            }
        }
    }

    @Test func followsTheStore() async throws {
        let fixture = try await StoreFixture(configure: { $0.openFiles = 1 })
        let copy = ArtifactRules(operation: .copy)
        let one = try await fixture.ingest([1], revision: "1", rules: copy)
        let link = "/ocirepository/default/podinfo/latest.tar.gz"
        try await withServer(fixture) { request in
            #expect(try await request(link, []).body == [1])
            let two = try await fixture.ingest([2], revision: "2", rules: copy)
            #expect(try await request(link, []).body == [2])
            #expect(try await request("/" + one.path, []).body == [1])
            fixture.time.advance(by: .seconds(600))
            _ = try await fixture.store.collectGarbage(StoreFixture.object)
            #expect(try await request("/" + one.path, []).status == 404)
            #expect(try await request("/" + two.path, []).body == [2])
            // Other bytes in the place of the file are not served for long: the size is looked at, then the digest.
            try FileManager.default.removeItem(atPath: fixture.folder.file(two.path))
            #expect(try await request(link, []).body == [2], "the file that is open stays")
            try await fixture.store.remove(StoreFixture.object)
            #expect(try await request("/" + two.path, []).status == 404)
            #expect(try await request(link, []).status == 404)
        }
    }

    /// Keeps an executor's only thread until it is let go.
    private final class Occupation: Sendable {
        private let isOver = Locked(false)

        func begin(_ executor: BlockingExecutor) {
            Task { [isOver] in await executor.run { while !isOver.current { usleep(1000) } } }
        }

        func end() { isOver.withLock { $0 = true } }
    }

    private static func get(_ path: String) -> HTTPServerRequest {
        HTTPServerRequest(method: "GET", path: "/\(path)", headers: [:], body: [])
    }

    @Test func servingDoesNotWaitForLayers() async throws {
        let folder = try TemporaryDirectory()
        let artifact = try await StoreFixture(in: folder).ingest([1], rules: .init(operation: .copy))
        let executor = BlockingExecutor(label: "busy", width: 1)
        let store = try ArtifactStore(configuration: .init(path: folder.path), executor: executor)
        try await store.recover()
        let occupation = Occupation()
        defer { occupation.end() }
        occupation.begin(executor)
        try await eventually("the work") { executor.pendingCount == 1 }
        let status = Locked(0)
        Task {
            let answer = await store.handler.respond(to: Self.get(artifact.path))
            status.withLock { $0 = answer.status }
        }
        try await eventually("the answer") { status.current == 200 }
    }

    /// The file goes between the look at the index and its opening.
    @Test func whatIsCollectedMeanwhileIsNotAnError() async throws {
        let fixture = try await StoreFixture()
        let copy = ArtifactRules(operation: .copy)
        let one = try await fixture.ingest([1], revision: "1", rules: copy)
        let executor = BlockingExecutor(label: "busy", width: 1)
        let handler = ArtifactHandler(
            published: fixture.store.published, executor: executor, logger: fixture.log.logger())
        let occupation = Occupation()
        defer { occupation.end() }
        occupation.begin(executor)
        try await eventually("the work") { executor.pendingCount == 1 }
        async let old = handler.respond(to: Self.get(one.path))
        async let latest = handler.respond(to: Self.get("ocirepository/default/podinfo/latest.tar.gz"))
        try await eventually("both requests") { executor.pendingCount == 3 }
        let two = try await fixture.ingest([2, 3], revision: "2", rules: copy)
        fixture.time.advance(by: .seconds(600))
        #expect(try await fixture.store.collectGarbage(StoreFixture.object) == 1)
        occupation.end()
        #expect(await old.status == 404)
        let answer = await latest
        #expect(answer.status == 200)
        #expect(answer.headers["ETag"] == "\"\(two.digest)\"")
        #expect(fixture.log.lines.allSatisfy { !$0.contains("cannot be served") })
    }

    @Test func aFileThatIsGoneForGoodIs500() async throws {
        let fixture = try await StoreFixture()
        let artifact = try await fixture.ingest([1], rules: .init(operation: .copy))
        try FileManager.default.removeItem(atPath: fixture.folder.file(artifact.path))
        #expect(await fixture.store.handler.respond(to: Self.get(artifact.path)).status == 500)
        #expect(fixture.log.lines.contains { $0.contains("cannot be served") })
    }

    @Test func manyArtifactsWithFewOpenFiles() async throws {
        let fixture = try await StoreFixture(configure: { $0.openFiles = 2 })
        var artifacts: [StoredArtifact] = []
        for number in 0..<6 {
            artifacts.append(
                try await fixture.ingest(
                    [UInt8(number)], object: ObjectKey(namespace: "many", name: "object-\(number)"),
                    rules: .init(operation: .copy)))
        }
        try await withServer(fixture) { request in
            for _ in 0..<2 {
                for (number, artifact) in artifacts.enumerated() {
                    let answer = try await request("/" + artifact.path, [])
                    #expect(answer.body == [UInt8(number)])
                }
            }
        }
    }
}
