import Core
import Foundation
import HTTPServing
import TestSupport
import Testing

@testable import EmbeddedAPIServer

/// Asks this server what a real kube-apiserver was asked, and compares the answers.
@Suite(.enabled(if: Recording.folder != nil, "set KUBE_APISERVER_FIXTURES to a folder of recordings"))
struct ReplayTests {
    @Test func `the answers are those of a kube-apiserver`() async throws {
        let folder = try #require(Recording.folder)
        let time = SettableTime()
        let definition = try String(contentsOfFile: folder + "/crd.yaml", encoding: .utf8)
        var replay = Replay(
            server: try TestServer(definition: definition, time: time, namespaces: ["default"]), time: time)
        for recording in try Recording.all(in: folder) { try await replay.run(recording) }
        #expect(replay.compared > 300)
        for failure in replay.failures { Issue.record(Comment(rawValue: failure)) }
        print("replayed \(replay.compared) exchanges, \(replay.failedExchanges) differ")
    }
}

/// One run through the recordings.
private struct Replay {
    let server: TestServer
    let time: SettableTime
    var volatile = Volatile()
    var failures: [String] = []
    var compared = 0
    var failedExchanges = 0
    /// The entity tags of this run, by path.
    var tags: [String: String] = [:]

    init(server: TestServer, time: SettableTime) {
        self.server = server
        self.time = time
    }

    mutating func run(_ recording: Recording) async throws {
        var deferred: [Recording.Exchange] = []
        for exchange in recording.exchanges {
            try await fillGap(before: exchange, in: recording.name)
            if exchange.isWatch, exchange.path.contains("resourceVersion=1"),
                exchange.responseBody.arrayValue?.first?["type"] != "ERROR"
            {
                // A watch was noted when it ended; its changes are in the history by then.
                deferred.append(exchange)
                continue
            }
            try await replay(exchange, in: recording.name)
        }
        for exchange in deferred { try await replay(exchange, in: recording.name) }
        try await fillGap(after: recording.name)
    }

    private mutating func replay(_ exchange: Recording.Exchange, in name: String) async throws {
        compared += 1
        if let latest = exchange.responseBody.latestTime, exchange.method != "GET" { time.set(latest) }
        var found: [String]
        if exchange.isWatch {
            found = try await watchDifferences(exchange)
        } else {
            found = try await differences(exchange)
        }
        guard !found.isEmpty else { return }
        failedExchanges += 1
        found = found.prefix(6).map {
            "\(name) [\(exchange.number)] \(exchange.method) \(exchange.path.prefix(140)): \($0)"
        }
        failures += found
    }

    private func headers(_ exchange: Recording.Exchange) -> HTTPFields {
        var fields = HTTPFields(exchange.requestHeaders.map { HTTPFields.Field(name: $0.key, value: $0.value) })
        if exchange.requestHeaders["Kubectl-Command"] != nil { fields["User-Agent"] = "kubectl/v1.32.0" }
        return fields
    }

    private mutating func differences(_ exchange: Recording.Exchange) async throws -> [String] {
        let target = volatile.translated(target: exchange.path)
        var fields = headers(exchange)
        let document = target.split(separator: "?").first.map(String.init) ?? ""
        if exchange.status == 304 {
            if tags[document] == nil {
                let answer = try await server.send("GET", target, headers: fields)
                tags[document] = answer.headers["Etag"]
            }
            fields["If-None-Match"] = tags[document]
        }
        let answer = try await server.send(exchange.method, target, body(of: exchange), headers: fields)
        tags[document] = answer.headers["Etag"] ?? tags[document]
        var found: [String] = []
        if answer.status != exchange.status {
            return ["status \(answer.status), not \(exchange.status): \(answer.text.prefix(400))"]
        }
        for name in ["Content-Type", "Warning"] where answer.headers[name] != exchange.responseHeaders[name] {
            found.append("\(name): \(answer.headers[name] ?? "none"), not \(exchange.responseHeaders[name] ?? "none")")
        }
        if exchange.responseHeaders["Etag"] != nil, answer.headers["Etag"]?.count != 130 {
            found.append("Etag: \(answer.headers["Etag"] ?? "none")")
        }
        return found + bodyDifferences(exchange, answer)
    }

    private mutating func bodyDifferences(_ exchange: Recording.Exchange, _ answer: TestServer.Answer) -> [String] {
        if exchange.responseBody["omitted"] != nil || exchange.status == 304 { return [] }
        if exchange.path.hasPrefix("/version") {
            let recorded = Set(exchange.responseBody.objectValue?.keys.map { $0 } ?? [])
            let own = Set(answer.json.objectValue?.keys.map { $0 } ?? [])
            return recorded == own && answer.json["minor"] == exchange.responseBody["minor"] ? [] : ["\(own)"]
        }
        if exchange.path.hasPrefix("/livez?verbose") {
            return answer.text.hasSuffix("livez check passed\n") ? [] : [answer.text]
        }
        if exchange.path.hasPrefix("/api?") || exchange.path.hasPrefix("/apis?")
            || exchange.path.hasPrefix("/openapi/v3?")
            || ["/api", "/apis", "/api/v1", "/openapi/v3"].contains(exchange.path)
        {
            return DiscoverySubset.differences(exchange.responseBody, answer.json)
        }
        if let encoded = exchange.responseBody["base64"]?.stringValue {
            guard let recorded = Base64.decode(encoded) else { return ["unreadable recording"] }
            return protobufDifferences(recorded, answer.bytes, path: exchange.path)
        }
        if case .string(let text) = exchange.responseBody {
            return answer.text == text ? [] : ["'\(answer.text)', not '\(text)'"]
        }
        return volatile.differences(exchange.responseBody, answer.json)
    }

    private mutating func protobufDifferences(_ recorded: [UInt8], _ own: [UInt8], path: String) -> [String] {
        do {
            let one = try WireMessage.decode(recorded, path: path)
            let other = try WireMessage.decode(own, path: path)
            var found = volatile.differences(one.json, other.json)
            // What was recorded is also what this server would have written for the same object.
            if one.encoded != recorded { found.append("encoded again, the recorded message has other bytes") }
            return found
        } catch {
            return ["\(error)"]
        }
    }

    private func body(of exchange: Recording.Exchange) throws -> [UInt8] {
        switch exchange.requestBody {
        case .null: return []
        case .string(let text):
            guard exchange.requestHeaders["Content-Type"]?.contains("protobuf") == true else {
                return [UInt8](text.utf8)
            }
            return try WireMessage.repaired(text, path: exchange.path)
        case let value: return volatile.translated(value).serialized()
        }
    }

    // MARK: Watches

    private mutating func watchDifferences(_ exchange: Recording.Exchange) async throws -> [String] {
        let recorded = (exchange.responseBody.arrayValue ?? []).filter { $0["type"] != "BOOKMARK" }
        let watch = await server.watch(
            volatile.translated(target: exchange.path), accept: exchange.requestHeaders["Accept"] ?? "")
        func events() -> [JSONValue] { watch.events.filter { $0["type"] != "BOOKMARK" } }
        if recorded.first?["type"] == "ADDED", !exchange.path.contains("resourceVersion=") {
            // This one began before the changes that it saw.
            let initial = recorded.prefix { $0["type"] == "ADDED" }.count
            try? await eventually(within: .seconds(60), "the first events") { events().count >= initial }
            try await changeDuringWatch()
        }
        if recorded.isEmpty {
            await watch.end()
        } else {
            try? await eventually(within: .seconds(60), "all events") { events().count >= recorded.count }
        }
        let own = events()
        watch.cancel()
        return volatile.differences(.array(recorded), .array(own))
    }

    // MARK: What was done between the noted exchanges

    private static let widgets = "/apis/example.test/v1/namespaces/demo/widgets"

    private func kubectl(
        _ command: String, _ method: String, _ target: String, _ body: JSONValue, at text: String
    ) async throws {
        if let moment = Timestamp(rfc3339: "2026-11-20T09:49:\(text)Z") { time.set(moment) }
        let separator = target.contains("?") ? "&" : "?"
        let type = method == "PATCH" ? "application/merge-patch+json" : "application/json"
        let answer = try await server.send(
            method, Self.widgets + target + "\(separator)fieldManager=\(command)", body.serialized(),
            headers: ["Content-Type": type])
        #expect(answer.status < 300, "\(answer.text)")
    }

    private func fillGap(before exchange: Recording.Exchange, in name: String) async throws {
        switch (name, exchange.number) {
        case ("kubectl-wait.json", 4):
            try await kubectl(
                "kubectl-patch", "PATCH", "/one/status",
                [
                    "status": [
                        "conditions": [
                            [
                                "type": "Ready", "status": "True", "reason": "Succeeded", "message": "fine",
                                "observedGeneration": 99, "lastTransitionTime": "2026-01-01T00:00:00Z",
                            ]
                        ]
                    ]
                ], at: "38")
        case ("kubectl-delete-finalizer.json", 0):
            let applied =
                #"{"apiVersion":"example.test/v1","kind":"Widget","metadata":{"annotations":{},"finalizers":["example.test/f"],"#
                + #""labels":{"app":"fin"},"name":"fin","namespace":"demo"},"spec":{"interval":"1m","url":"oci://host/fin"}}"#
                + "\n"
            try await kubectl(
                "kubectl-client-side-apply", "POST", "",
                [
                    "apiVersion": "example.test/v1", "kind": "Widget",
                    "metadata": [
                        "name": "fin", "labels": ["app": "fin"], "finalizers": ["example.test/f"],
                        "annotations": ["kubectl.kubernetes.io/last-applied-configuration": .string(applied)],
                    ], "spec": ["interval": "1m", "url": "oci://host/fin"],
                ], at: "43")
        default: break
        }
    }

    private func fillGap(after name: String) async throws {
        switch name {
        case "kubectl-get-watch.json":
            try await kubectl("kubectl-label", "PATCH", "/one", ["metadata": ["labels": ["w": "1"]]], at: "40")
            try await kubectl("kubectl", "DELETE", "/old", [:], at: "40")
        case "kubectl-delete-finalizer.json":
            try await kubectl("kubectl-patch", "PATCH", "/fin", ["metadata": ["finalizers": .null]], at: "44")
        default: break
        }
    }

    private func changeDuringWatch() async throws {
        try await kubectl("kubectl-label", "PATCH", "/l0", ["metadata": ["labels": ["k": "1"]]], at: "47")
        try await kubectl("kubectl-label", "PATCH", "/l0", ["metadata": ["labels": ["n": "9"]]], at: "47")
        try await kubectl("kubectl", "DELETE", "/l1", [:], at: "47")
        try await kubectl("kubectl-patch", "PATCH", "/l2/status", ["status": ["url": "x"]], at: "47")
    }
}
