import Core
import HTTPTransport
import KubernetesClient

/// Talks to the embedded Kubernetes API as some other client would.
struct KubernetesStand: Sendable {
    let port: Int

    private var collection: String {
        "http://127.0.0.1:\(port)/apis/source.toolkit.fluxcd.io/v1/namespaces/default/ocirepositories"
    }

    /// - Parameter keys: the Secret with the keys one of which must have signed; nil asks for no signature.
    func create(
        _ name: String, url: String, tag: String, interval: String = "1h", timeout: String = "60s", keys: String? = nil
    ) async throws {
        try await create(
            name, url: url, reference: ["tag": .string(tag)], interval: interval, timeout: timeout, keys: keys)
    }

    func create(_ name: String, url: String, semver: String, timeout: String) async throws {
        try await create(name, url: url, reference: ["semver": .string(semver)], interval: "1h", timeout: timeout)
    }

    private func create(
        _ name: String, url: String, reference: JSONValue, interval: String, timeout: String, keys: String? = nil
    ) async throws {
        var spec: [String: JSONValue] = [
            "url": .string(url), "interval": .string(interval), "timeout": .string(timeout), "ref": reference,
        ]
        if let keys { spec["verify"] = ["provider": "cosign", "secretRef": ["name": .string(keys)]] }
        try await create(
            [
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
                "metadata": ["name": .string(name), "namespace": "default"], "spec": .object(spec),
            ], named: name, in: collection)
    }

    /// Makes a Secret with one value.
    func createSecret(_ name: String, key: String, value: String) async throws {
        try await create(
            [
                "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name), "namespace": "default"],
                "stringData": [key: .string(value)],
            ], named: name, in: "http://127.0.0.1:\(port)/api/v1/namespaces/default/secrets")
    }

    private func create(_ object: JSONValue, named name: String, in collection: String) async throws {
        let answer = try await HTTPStand.send("POST", collection, object)
        guard answer.status == 201 else {
            throw BenchmarkFailure(
                description:
                    "creating \(name): \(answer.status) \(String(decoding: answer.body.prefix(500), as: UTF8.self))")
        }
    }

    func delete(_ name: String) async throws {
        try await HTTPStand.send("DELETE", "\(collection)/\(name)")
    }

    func object(_ name: String) async throws -> JSONValue {
        try JSONValue(parsing: try await HTTPStand.send("GET", "\(collection)/\(name)").body)
    }

    /// The names of objects that are Ready.
    func ready() async throws -> Set<String> {
        let list = try JSONValue(
            parsing: try await HTTPStand.send("GET", collection).body,
            limits: JSONLimits(bytes: 1 << 28, values: 1 << 26))
        var names: Set<String> = []
        for item in list["items"]?.arrayValue ?? [] {
            let conditions = item.member(at: "status", "conditions")?.arrayValue ?? []
            let isReady = conditions.contains { $0["type"] == "Ready" && $0["status"] == "True" }
            if isReady, let name = item.member(at: "metadata", "name")?.stringValue { names.insert(name) }
        }
        return names
    }

    /// Watches until `count` objects whose names begin with `prefix` have an artifact. Begin it before they are made.
    ///
    /// A status has its URL only once the artifact is stored and the object Ready, and it is the last field of all: the end
    /// of a line tells, so that watching costs the machine next to nothing.
    private func waitForArtifacts(
        _ count: Int, named prefix: String, started: AsyncStream<Void>.Continuation
    ) async throws {
        var request = HTTPRequest(url: "\(collection)?watch=1&timeoutSeconds=900")
        request.headers["Accept"] = "application/json"
        let response = try await HTTPStand.client.send(request)
        started.yield()
        var framing = JSONLineFraming(limit: 1 << 22)
        var names: Set<String> = []
        for try await chunk in response.body {
            framing.append(chunk)
            while let line = try framing.nextLine() {
                let end = String(decoding: line.suffix(400), as: UTF8.self)
                guard let range = end.firstRange(of: "/latest.tar.gz") else { continue }
                guard let name = end[..<range.lowerBound].split(separator: "/").last, name.hasPrefix(prefix) else {
                    continue
                }
                names.insert(String(name))
            }
            if names.count >= count { return }
        }
        throw BenchmarkFailure(description: "only \(names.count) of \(count) objects became Ready")
    }

    /// Runs `body` and waits until `count` objects whose names begin with `prefix` have an artifact.
    /// - Returns: how long both took.
    func timeUntilReady(
        _ count: Int, named prefix: String, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> Duration {
        let (signal, continuation) = AsyncStream.makeStream(of: Void.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await waitForArtifacts(count, named: prefix, started: continuation) }
            group.addTask {
                try await Task.sleep(for: .seconds(900))
                throw BenchmarkFailure(description: "\(count) objects did not become Ready within 15 minutes")
            }
            for await _ in signal { break }
            let begin = ContinuousClock.now
            try await body()
            try await group.next()
            let duration = ContinuousClock.now - begin
            group.cancelAll()
            return duration
        }
    }
}
