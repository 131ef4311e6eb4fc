import Core
import HTTPServing
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct KubernetesClientTests {
    private let key = ScriptedServer.secretKey

    @Test func verbsAreSentAsTheServerExpectsThem() async throws {
        try await ScriptedServer.run { _ in
            ScriptedServer.json(ScriptedServer.secret)
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
        let page: JSONValue = [
            "metadata": ["resourceVersion": "9", "continue": "t&="], "items": [ScriptedServer.secret],
        ]
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
                : ScriptedServer.json(ScriptedServer.secret)
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
        let refusing = try RefusingPort()
        let port = refusing.number
        let client = KubernetesClient(
            http: http, configuration: ClientConfiguration(server: "http://127.0.0.1:\(port)"), metrics: metrics)
        let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
        await http.shutdown()
        withExtendedLifetime(refusing) {}
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
            ScriptedServer.json(ScriptedServer.secret)
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

    /// However many watches are open, what else is asked of the server gets through.
    @Test func watchesLeaveRoomForRequests() async throws {
        try await ScriptedServer.run { request in
            guard request.query?.contains("watch=true") == true else {
                return ScriptedServer.json(ScriptedServer.secret)
            }
            return HTTPServerResponse(status: 200, body: .stream { _ in try await Task.sleep(for: .seconds(3600)) })
        } _: { client, server in
            let watches = (0..<CurlClient.Configuration().maximumTransfersPerHost).map { _ in
                Task {
                    try await client.watch(Secret.resource, resourceVersion: "1", timeout: .seconds(3600)).next()
                }
            }
            defer { for watch in watches { watch.cancel() } }
            try await eventually("the watches") { server.requests.count == watches.count }
            _ = try await client.get(Secret.self, key)
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
