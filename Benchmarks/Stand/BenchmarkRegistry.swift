import Core
import Foundation
import TestSupport

/// Debian's `docker-registry` on a free port, with its own count of requests.
final class BenchmarkRegistry: Sendable {
    let port: Int
    private let debugPort: Int
    private let folder: TemporaryDirectory
    private let process: ChildProcess

    var address: String { "127.0.0.1:\(port)" }
    var probe: ProcessProbe { ProcessProbe(pid: process.pid) }

    init() async throws {
        folder = try Leftovers.makeFolder()
        port = try freePort()
        debugPort = try freePort()
        try folder.write(
            """
            version: 0.1
            log: { level: error, accesslog: { disabled: true } }
            storage: { filesystem: { rootdirectory: "\(folder.file("data"))" } }
            http:
              addr: "127.0.0.1:\(port)"
              debug: { addr: "127.0.0.1:\(debugPort)", prometheus: { enabled: true, path: /metrics } }
            """, to: "config.yml")
        process = try ChildProcess("/usr/bin/docker-registry", ["serve", folder.file("config.yml")])
        try await eventually("an answer of the registry") {
            guard process.isRunning else {
                throw BenchmarkFailure(description: "docker-registry ended: \(process.log)")
            }
            return try await CommandLineTool.run("curl", ["-fsS", "http://\(address)/v2/"]).status == 0
        }
    }

    /// Requests served so far, by `<handler> <method>`, such as `manifest head`.
    func requests() async throws -> [String: Int] {
        let text = try await CommandLineTool.run("curl", ["-fsS", "http://127.0.0.1:\(debugPort)/metrics"]).output
        var counts: [String: Int] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("registry_http_requests_total{") {
            let parts = line.split(separator: "}")
            guard parts.count == 2, let count = Double(parts[1].trimmingCharacters(in: .whitespaces)) else { continue }
            counts["\(Self.label("handler", in: line)) \(Self.label("method", in: line))", default: 0] += Int(count)
        }
        return counts
    }

    private static func label(_ name: String, in line: Substring) -> String {
        let pieces = line.split(separator: "\"", omittingEmptySubsequences: false)
        for (key, value) in zip(pieces, pieces.dropFirst()) where key.hasSuffix("\(name)=") { return String(value) }
        return ""
    }

    // MARK: Content

    /// Stores a gzipped tarball as the only layer of `repository`'s tags.
    /// - Returns: the layer's digest.
    @discardableResult
    func push(_ file: String, to repository: String, tags: [String]) async throws -> String {
        let base = "http://\(address)/v2/\(repository)"
        let digest = "sha256:" + (try await run("sha256sum", [file])).prefix(64)
        let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
        try await upload(file, digest, to: base)
        try folder.write("{}", to: "config")
        let config = "sha256:" + (try await run("sha256sum", [folder.file("config")])).prefix(64)
        try await upload(folder.file("config"), config, to: base)
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": [
                "mediaType": "application/vnd.cncf.flux.config.v1+json", "size": 2, "digest": .string(config),
            ],
            "layers": [
                [
                    "mediaType": "application/vnd.cncf.flux.content.v1.tar+gzip", "size": .integer(Int64(size)),
                    "digest": .string(digest),
                ]
            ],
            "annotations": [
                "org.opencontainers.image.source": "benchmark", "org.opencontainers.image.revision": "1",
            ],
        ]
        try await HTTPStand.concurrently(tags.count, width: 8) { index in
            let answer = try await HTTPStand.send(
                "PUT", "\(base)/manifests/\(tags[index])", manifest, type: "application/vnd.oci.image.manifest.v1+json")
            guard answer.status == 201 else {
                throw BenchmarkFailure(description: "pushing \(tags[index]): status \(answer.status)")
            }
        }
        return digest
    }

    private func upload(_ file: String, _ digest: String, to base: String) async throws {
        let answer = try await run(
            "curl", ["-fsS", "-X", "POST", "-D", "-", "-o", "/dev/null", "\(base)/blobs/uploads/"])
        let field = answer.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("location:") } ?? ""
        let location = field.dropFirst("location:".count).trimmingCharacters(in: .whitespaces)
        try await run(
            "curl",
            [
                "-fsS", "-H", "Content-Type: application/octet-stream", "-H", "Expect:", "-T", file,
                "\(location)\(location.contains("?") ? "&" : "?")digest=\(digest)",
            ])
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String]) async throws -> String {
        let outcome = try await CommandLineTool.run(program, arguments, limit: .seconds(300))
        guard outcome.status == 0 else { throw BenchmarkFailure(description: "\(program): \(outcome.errorOutput)") }
        return outcome.output
    }
}

/// Makes what is pushed.
enum Layers {
    /// A gzipped tarball with one file of `size` random bytes.
    static func random(_ size: Int, named name: String, in folder: TemporaryDirectory) async throws -> String {
        var generator = SystemRandomNumberGenerator()
        try folder.write(
            (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &generator) }, to: "\(name)/content.bin")
        let file = folder.file("\(name).tar.gz")
        let outcome = try await CommandLineTool.run(
            "tar",
            [
                "--format=ustar", "--owner=0", "--group=0", "--numeric-owner", "-C", folder.file(name), "-czf", file,
                "content.bin",
            ])
        guard outcome.status == 0 else { throw BenchmarkFailure(description: "tar: \(outcome.errorOutput)") }
        return file
    }

    /// A gzipped tarball of about `size` bytes whose content compresses as source texts do, kept in `cache`.
    static func large(_ size: Int, cache: String) async throws -> String {
        let file = "\(cache)/layer-\(size >> 20).tar.gz"
        if FileManager.default.fileExists(atPath: file) { return file }
        let folder = try TemporaryDirectory()
        var text: [UInt8] = []
        var generator = SystemRandomNumberGenerator()
        let words = [
            "apiVersion: v1", "kind: ConfigMap", "metadata:", "  name: ", "  namespace: default", "data:",
            "    value: ",
        ]
        while text.count < 32 << 20 {
            text += words[Int.random(in: 0..<words.count, using: &generator)].utf8
            text += String(UInt64.random(in: .min ... .max, using: &generator), radix: 16).utf8
            text.append(0x0a)
        }
        try folder.write(text, to: "tree/part-0")
        let script = """
            set -e
            cd "\(folder.path)"
            size() { stat -c %s "$1"; }
            tar --format=ustar -C tree -cf - part-0 | igzip -1 -c > one.gz
            count=$(( \(size) / $(size one.gz) ))
            for i in $(seq 1 $count); do ln tree/part-0 tree/part-$i; done
            tar --format=ustar --hard-dereference --owner=0 --group=0 --numeric-owner -C tree -cf - . | igzip -1 -c > all.gz
            mkdir -p "\(cache)"
            mv all.gz "\(file)"
            """
        let outcome = try await CommandLineTool.run("bash", ["-c", script], limit: .seconds(600))
        guard outcome.status == 0 else { throw BenchmarkFailure(description: "making a layer: \(outcome.errorOutput)") }
        return file
    }
}
