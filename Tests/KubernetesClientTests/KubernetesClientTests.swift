import Core
import Foundation
import HTTPServing
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct KubernetesClientTests {
    private let key = NamespacedName(namespace: "apps", name: "x")
    private static let secret: JSONValue = ["metadata": ["name": "x", "namespace": "apps"], "data": ["k": "dg=="]]

    @Test func verbsAreSentAsTheServerExpectsThem() async throws {
        try await ScriptedServer.run { _ in
            ScriptedServer.json(Self.secret)
        } _: { client, server in
            let secret = try await client.get(Secret.self, key)
            #expect(secret.data["k"]?.revealed == [UInt8]("v".utf8))
            _ = try await client.create(Secret.resource, namespace: "apps", ["a": 1])
            _ = try await client.update(Secret.resource, key, ["a": 1], subresource: "status")
            _ = try await client.patch(Secret.resource, key, ["a": 1], fieldManager: "me")
            _ = try await client.patch(Secret.resource, key, [["op": "remove", "path": "/a"]], format: .json)
            _ = try await client.delete(Secret.resource, key, uid: "u", resourceVersion: "5")
            let base = "/api/v1/namespaces/apps/secrets"
            #expect(server.requests.map(\.method) == ["GET", "POST", "PUT", "PATCH", "PATCH", "DELETE"])
            #expect(
                server.requests.map(\.path) == [
                    "\(base)/x", base, "\(base)/x/status", "\(base)/x", "\(base)/x", "\(base)/x",
                ])
            #expect(server.requests[3].query == "fieldManager=me")
            #expect(
                server.requests.map { $0.headers["Content-Type"] } == [
                    nil, "application/json", "application/json", "application/merge-patch+json",
                    "application/json-patch+json", "application/json",
                ])
            #expect(server.requests.allSatisfy { $0.headers["User-Agent"] == "source-controller" })
            let options = try JSONValue(parsing: server.requests[5].body)
            #expect(options["preconditions"] == ["uid": "u", "resourceVersion": "5"])
        }
    }

    @Test func listsArePaged() async throws {
        let page: JSONValue = ["metadata": ["resourceVersion": "9", "continue": "t&="], "items": [Self.secret]]
        try await ScriptedServer.run { _ in
            ScriptedServer.json(page)
        } _: { client, server in
            let scope = ObjectScope(labelSelector: try LabelSelector(parsing: "a in (b,c)"))
            let first = try await client.list(Secret.resource, scope, limit: 1)
            #expect(first.items.count == 1)
            _ = try await client.list(Secret.resource, scope, limit: 1, continueToken: first.metadata.continueToken)
            #expect(server.requests[0].path == "/api/v1/secrets")
            #expect(server.requests[1].query == "labelSelector=a%20in%20%28b%2Cc%29&limit=1&continue=t%26%3D")
        }
    }

    @Test func failuresAreTyped() async throws {
        let cases: [(Int, String, (KubernetesError) -> Bool)] = [
            (404, "NotFound", { $0.isNotFound }), (409, "Conflict", { $0.isConflict && !$0.isAlreadyExists }),
            (409, "AlreadyExists", { $0.isAlreadyExists && !$0.isConflict }), (410, "Expired", { $0.isGone }),
            (403, "Forbidden", { $0.isForbidden }), (401, "Unauthorized", { $0.isUnauthorized }),
            (429, "TooManyRequests", { $0.isTooManyRequests }),
        ]
        for (code, reason, test) in cases {
            try await ScriptedServer.run { _ in
                ScriptedServer.failure(code, reason)
            } _: { client, _ in
                let error = try await #require(throws: KubernetesError.self) {
                    _ = try await client.get(Secret.self, key)
                }
                #expect(test(error), "\(reason)")
                #expect(error.reason == reason)
                #expect(error.message == "it is \(reason)")
            }
        }
    }

    @Test(
        arguments: [
            (502, "<html>\u{1b}[31mBad\nGateway</html>", "HTTP status 502"), (200, "<html>", "is no JSON"),
            (200, "{\"metadata\":", "is no JSON"), (302, "", "HTTP status 302"),
        ])
    func whatIsNoAnswerOfAnAPIServerIsSaid(_ status: Int, _ body: String, _ expected: String) async throws {
        try await ScriptedServer.run { _ in
            HTTPServerResponse(status: status, headers: ["Location": "/other"], body: .bytes([UInt8](body.utf8)))
        } _: { client, server in
            let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
            #expect(error?.message.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
            #expect(server.requests.count == 1)
        }
    }

    @Test func answersAreBounded() async throws {
        try await ScriptedServer.run(
            setup: .init {
                $0.responseLimit = 1000
            }
        ) { _ in
            HTTPServerResponse(status: 200, body: .bytes([UInt8](repeating: 0x20, count: 5000)))
        } _: { client, _ in
            let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test func aBusyServerIsAskedAgainWhenItSays() async throws {
        let count = Locked(0)
        let time = ManualTime()
        try await ScriptedServer.run(time: time) { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number < 3
                ? ScriptedServer.failure(429, "TooManyRequests", headers: ["Retry-After": "2"])
                : ScriptedServer.json(Self.secret)
        } _: { client, server in
            async let secret = client.get(Secret.self, key)
            for _ in 0..<2 {
                await time.waitForSleepers()
                #expect(time.nextDeadline == .seconds(2))
                time.advance(by: .seconds(2))
            }
            let name = try await secret.metadata.name
            #expect(name == "x")
            #expect(server.requests.count == 3)
        }
    }

    @Test func aLongWaitIsTheCallersBusiness() async throws {
        try await ScriptedServer.run { _ in
            ScriptedServer.failure(503, "ServiceUnavailable", headers: ["Retry-After": "60"])
        } _: { client, server in
            let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            #expect(error?.retryAfter == .seconds(60))
            #expect(error?.isRetryable == true)
            #expect(server.requests.count == 1)
        }
    }

    @Test func anUnreachableServerIsARetryableFailure() async throws {
        let http = CurlClient()
        let metrics = MetricsRegistry()
        let port = try freePort()
        let client = KubernetesClient(
            http: http, configuration: ClientConfiguration(server: "http://127.0.0.1:\(port)"), metrics: metrics)
        let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
        await http.shutdown()
        #expect(error?.isRetryable == true)
        #expect(error?.code == .transport)
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        #expect(
            text.contains(
                "rest_client_requests_total{code=\"<error>\",host=\"127.0.0.1:\(port)\",method=\"GET\"} 1"))
    }

    @Test func requestsAreCounted() async throws {
        let metrics = MetricsRegistry()
        try await ScriptedServer.run(metrics: metrics) { _ in
            ScriptedServer.failure(404, "NotFound")
        } _: {
            client, server in
            for _ in 0..<3 {
                await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            }
            let text = String(decoding: metrics.exposition(), as: UTF8.self)
            let host = server.url.dropFirst(7)
            #expect(text.contains("rest_client_requests_total{code=\"404\",host=\"\(host)\",method=\"GET\"} 3"))
        }
    }

    @Test func requestsAreLimitedButLeasesAreNot() async throws {
        let time = ManualTime()
        try await ScriptedServer.run(
            setup: .init {
                $0.requestsPerSecond = 1
                $0.burst = 1
            }, time: time
        ) { _ in
            ScriptedServer.json(Self.secret)
        } _: { client, server in
            _ = try await client.get(Secret.self, key)
            async let limited = client.get(Secret.self, key)
            await time.waitForSleepers()
            for _ in 0..<3 { _ = try await client.get(Secret.self, key, lane: .lease) }
            #expect(server.requests.count == 4)
            time.advance(by: .seconds(1))
            _ = try await limited
            #expect(server.requests.count == 5)
        }
    }

    @Test func cancellationIsSaidAsSuch() async throws {
        try await ScriptedServer.run { _ in
            HTTPServerResponse(status: 200, body: .stream { _ in try await Task.sleep(for: .seconds(60)) })
        } _: { client, server in
            let task = Task { _ = try await client.get(Secret.self, key) }
            try await eventually { server.requests.count == 1 }
            task.cancel()
            let error = await #expect(throws: KubernetesError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }
    }

    // MARK: - Credentials

    @Test func staticCredentialsAreSent() async throws {
        for (authentication, expected) in [
            (ClientConfiguration.Authentication.token(Redacted("t")), "Bearer t"),
            (.basic(username: "u", password: Redacted("p")), "Basic dTpw"), (.none, nil),
        ] {
            try await ScriptedServer.run(
                setup: .init {
                    $0.authentication = authentication
                    $0.impersonation = [("Impersonate-User", "jane")]
                }
            ) { _ in
                ScriptedServer.json(Self.secret)
            } _: { client, server in
                _ = try await client.get(Secret.self, key)
                #expect(server.requests[0].headers["Authorization"] == expected)
                #expect(server.requests[0].headers["Impersonate-User"] == "jane")
            }
        }
    }

    @Test func aReplacedTokenIsReadAfterAMinuteOrWhenRefused() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("one\n", to: "token")
        let time = ManualTime()
        let valid = Locked("Bearer one")
        try await ScriptedServer.run(setup: .init { $0.authentication = .tokenFile(path) }, time: time) { request in
            request.headers["Authorization"] == valid.current
                ? ScriptedServer.json(Self.secret) : ScriptedServer.failure(401, "Unauthorized")
        } _: { client, server in
            _ = try await client.get(Secret.self, key)
            try folder.write("two", to: "token")
            _ = try await client.get(Secret.self, key)
            #expect(server.requests.allSatisfy { $0.headers["Authorization"] == "Bearer one" })
            valid.withLock { $0 = "Bearer two" }
            time.advance(by: .seconds(61))
            _ = try await client.get(Secret.self, key)
            #expect(server.requests.count == 3)
            // Refused: read at once, and only once.
            valid.withLock { $0 = "Bearer three" }
            try folder.write("three", to: "token")
            _ = try await client.get(Secret.self, key)
            #expect(server.requests.count == 5)
            valid.withLock { $0 = "Bearer other" }
            let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            #expect(error?.isUnauthorized == true)
            #expect(server.requests.count == 6)
            // While the file is away, the last token is used.
            valid.withLock { $0 = "Bearer three" }
            try FileManager.default.removeItem(atPath: path)
            time.advance(by: .seconds(61))
            _ = try await client.get(Secret.self, key)
        }
    }

    /// Whoever is refused after another request got the new token must try that, not give up.
    @Test func aRotationOfTheTokenFailsNoRequestUnderWay() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("one", to: "token")
        let (valid, refused) = (Locked("Bearer one"), Locked(0))
        try await ScriptedServer.run(setup: .init { $0.authentication = .tokenFile(path) }, time: ManualTime()) {
            request in
            if request.headers["Authorization"] == valid.current { return ScriptedServer.json(Self.secret) }
            refused.withLock { $0 += 1 }
            // All were sent with the old token before the first is refused.
            try? await eventually { refused.current >= 4 }
            return ScriptedServer.failure(401, "Unauthorized")
        } _: { client, server in
            _ = try await client.get(Secret.self, key)
            try folder.write("two", to: "token")
            valid.withLock { $0 = "Bearer two" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { _ = try await client.get(Secret.self, key) } }
                try await group.waitForAll()
            }
            #expect(server.requests.count == 9)
        }
    }

    /// A lease that is not written in time is lost: getting credentials is part of its time.
    @Test func waitingForCredentialsIsPartOfTheTime() async throws {
        let folder = try TemporaryDirectory()
        let time = ManualTime()
        let plugin = try plugin(
            folder,
            "while [ -e \(folder.file("plugin")) ] && ! [ -e \(folder.file("go")) ]; do sleep 0.05; done; exit 1")
        try await ScriptedServer.run(setup: .init { $0.authentication = .exec(plugin) }, time: time) { _ in
            ScriptedServer.json(Self.secret)
        } _: { client, server in
            let request = APIRequest("GET", "/x", lane: .lease, deadline: .seconds(5))
            let task = Task { _ = try await client.send(request) }
            await time.waitForSleepers()
            time.advance(by: .seconds(5))
            let error = await #expect(throws: KubernetesError.self) { try await task.value }
            #expect(error?.code == .credentials && error?.isRetryable == true)
            #expect(error?.message.contains(plugin.command) == true)
            #expect(server.requests.isEmpty)
            try folder.write("", to: "go")
        }
    }

    @Test func anotherTryWithOtherCredentialsIsPartOfTheTime() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("one", to: "token")
        let time = ManualTime()
        try await ScriptedServer.run(setup: .init { $0.authentication = .tokenFile(path) }, time: time) { _ in
            _ = try? folder.write("two", to: "token")
            time.advance(by: .seconds(5))
            return ScriptedServer.failure(401, "Unauthorized")
        } _: { client, server in
            let error = await #expect(throws: KubernetesError.self) {
                _ = try await client.send(APIRequest("GET", "/x", lane: .lease, deadline: .seconds(5)))
            }
            #expect(error?.code == .transport && error?.isRetryable == true)
            #expect(server.requests.count == 1)
        }
    }

    private func plugin(_ folder: TemporaryDirectory, _ script: String) throws -> ExecPlugin {
        let path = try folder.write("#!/bin/sh\necho run >> \(folder.file("log"))\n\(script)\n", to: "plugin")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        return ExecPlugin(
            apiVersion: "client.authentication.k8s.io/v1", command: path, environment: ["EXTRA": "value"],
            installHint: "get it there", cluster: ["server": "https://h"])
    }

    private func credential(_ status: String) -> String {
        "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":\(status)}'"
    }

    @Test func pluginsRunOnceUntilTheirTokenExpiresOrIsRefused() async throws {
        let folder = try TemporaryDirectory()
        let time = ManualTime()
        let expires = (time.now + .seconds(300)).rfc3339
        let plugin = try plugin(
            folder,
            "echo \"$KUBERNETES_EXEC_INFO $EXTRA\" > \(folder.file("info"))\n"
                + credential("{\"token\":\"t\",\"expirationTimestamp\":\"\(expires)\"}"))
        let refused = Locked(false)
        try await ScriptedServer.run(setup: .init { $0.authentication = .exec(plugin) }, time: time) { request in
            let isRefused = refused.withLock { value in
                defer { value = false }
                return value
            }
            return !isRefused && request.headers["Authorization"] == "Bearer t"
                ? ScriptedServer.json(Self.secret) : ScriptedServer.failure(401, "Unauthorized")
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { _ = try await client.get(Secret.self, key) } }
                try await group.waitForAll()
            }
            let runs = { String(decoding: try folder.read("log"), as: UTF8.self).split(separator: "\n").count }
            #expect(try runs() == 1)
            refused.withLock { $0 = true }
            _ = try await client.get(Secret.self, key)
            #expect(try runs() == 2)
            time.advance(by: .seconds(301))
            _ = try await client.get(Secret.self, key)
            #expect(try runs() == 3)
            let info = String(decoding: try folder.read("info"), as: UTF8.self)
            #expect(info.contains("\"cluster\":{\"server\":\"https://h\"}"))
            #expect(info.contains("\"interactive\":false"))
            #expect(info.hasSuffix(" value\n"))
        }
    }

    @Test(
        arguments: [
            ("echo nope >&2; exit 3", "nope"), ("echo hello", "printed no JSON"),
            ("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v1\"}'", "did not print an ExecCredential"),
            (
                "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'",
                "neither a token nor"
            ),
            (
                "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
                    + "\"status\":{\"token\":\"a b\"}}'", "characters that no token has"
            ),
        ])
    func brokenPluginsAreNamed(_ script: String, _ expected: String) async throws {
        let folder = try TemporaryDirectory()
        let plugin = try plugin(folder, script)
        try await ScriptedServer.run(
            setup: .init {
                $0.authentication = .exec(plugin)
            }
        ) { _ in
            ScriptedServer.json(Self.secret)
        } _: { client, server in
            let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains(plugin.command) == true)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func aMissingPluginSaysHowToGetIt() async throws {
        let plugin = ExecPlugin(
            apiVersion: "client.authentication.k8s.io/v1", command: "/nowhere/plugin", installHint: "get it there")
        try await ScriptedServer.run(
            setup: .init {
                $0.authentication = .exec(plugin)
            }
        ) { _ in
            ScriptedServer.json(Self.secret)
        } _: { client, _ in
            let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            #expect(error?.message.contains("get it there") == true)
        }
    }

    // MARK: - Watching

    private func watch(
        eventLimit: Int = 1 << 20, _ chunks: [String], breaksOff: Bool = false
    ) async throws -> (events: [String], error: KubernetesError?) {
        let result = Locked<([String], KubernetesError?)>(([], nil))
        try await ScriptedServer.run(
            setup: .init {
                $0.eventLimit = eventLimit
            }
        ) { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    for chunk in chunks { try await writer.write([UInt8](chunk.utf8)) }
                    if breaksOff { throw CancellationError() }
                })
        } _: { client, _ in
            let stream = try await client.watch(Secret.resource, resourceVersion: "1", timeout: .seconds(10))
            do throws(KubernetesError) {
                while let event = try await stream.next() {
                    let text = "\(event)"
                    result.withLock { $0.0.append(String(text.prefix { $0 != "(" })) }
                }
            } catch {
                result.withLock { $0.1 = error }
            }
        }
        return result.current
    }

    private static let added = "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"2\"}}}\n"
    private static let bookmark = "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"3\"}}}\n"

    @Test func watchesGiveTheirEventsAndEnd() async throws {
        let cut = Self.added.index(Self.added.startIndex, offsetBy: 20)
        let result = try await watch([
            String(Self.added[..<cut]), String(Self.added[cut...]) + Self.bookmark, "\n", Self.added,
        ])
        #expect(result.events == ["added", "bookmark", "added"])
        #expect(result.error == nil)
    }

    @Test func aWatchThatBreaksOffSaysSo() async throws {
        let result = try await watch([Self.added, Self.bookmark], breaksOff: true)
        #expect(result.events == ["added", "bookmark"])
        #expect(result.error?.isRetryable == true)
    }

    /// What one tenant writes into an object must not hide those of the others.
    @Test func namesThatAreEqualToSwiftHideNoObject() async throws {
        let names = "\"annotations\":{\"\u{e9}\":\"1\",\"e\u{301}\":\"2\"}"
        let odd = "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"resourceVersion\":\"4\",\(names)}}}\n"
        let result = try await watch([Self.added, odd, Self.bookmark])
        #expect(result.events == ["added", "modified", "bookmark"])
        #expect(result.error == nil)

        let list =
            "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[{\"metadata\":{\"name\":\"odd\",\(names)}},"
            + "{\"metadata\":{\"name\":\"other\"}}]}"
        try await ScriptedServer.run { _ in
            HTTPServerResponse(status: 200, body: .bytes([UInt8](list.utf8)))
        } _: { client, _ in
            let page = try await client.list(Secret.resource)
            #expect(page.items.map { $0.member(at: "metadata", "name") } == ["odd", "other"])
        }
    }

    @Test func aTruncatedLineIsNoEvent() async throws {
        let result = try await watch([Self.added, String(Self.added.dropLast(5))])
        #expect(result.events == ["added"])
        #expect(result.error?.message.contains("in the middle of an event") == true)
        // It may be read whole next time, so that it is not taken for one that never can be.
        #expect(result.error?.code == .transport)
    }

    @Test(arguments: [
        "<html>\n", "{}\n", "{\"type\":\"ADDED\"}\n", "{\"type\":\"ADDED\",\"type\":\"X\",\"object\":{}}\n",
    ])
    func whatIsNoEventEndsTheWatch(_ line: String) async throws {
        let result = try await watch([Self.added, line, Self.added])
        #expect(result.events == ["added"])
        #expect(result.error?.code == .invalidResponse)
    }

    @Test func eventsAreBounded() async throws {
        let result = try await watch(eventLimit: 200, [Self.added, String(repeating: "x", count: 100_000)])
        #expect(result.events == ["added"])
        #expect(result.error?.message.contains("more than 200 bytes") == true)
    }

    @Test func aRefusedWatchIsTyped() async throws {
        try await ScriptedServer.run { _ in
            ScriptedServer.failure(410, "Expired")
        } _: { client, server in
            let error = await #expect(throws: KubernetesError.self) {
                _ = try await client.watch(Secret.resource, resourceVersion: "1", timeout: .seconds(10))
            }
            #expect(error?.isGone == true)
            #expect(
                server.requests[0].query
                    == "watch=true&allowWatchBookmarks=true&resourceVersion=1&timeoutSeconds=10")
        }
    }
}
