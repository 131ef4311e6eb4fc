import Core
import HTTPTransport
import OCI
import RegistryClient
import TestSupport
import Testing

@Suite("Retries, turns and shared requests")
struct RetryTests {
    @Test("Server errors and broken connections are tried again", arguments: [408, 429, 500, 502, 503, 504, 0])
    func retried(status: Int) async throws {
        let http = ScriptedClient { exchange, index throws(HTTPTransportError) in
            if index == 2 { return Sample.answer(exchange) }
            if status == 0 { throw .failing(.closed) }
            return .answer(status)
        }
        let metrics = MetricsRegistry()
        let client = RegistryClient.scripted(http, metrics: metrics)
        #expect(try await client.repository(try repository()).resolve(.tag("1")) == Sample.descriptor)
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        #expect(text.contains(#"gotk_oci_registry_retries_total{host="ghcr.io"} 2"#))
        let code = status == 0 ? "error" : String(status)
        #expect(text.contains(#"gotk_oci_registry_requests_total{host="ghcr.io",method="HEAD",code="\#(code)"} 2"#))
        #expect(text.contains(#"gotk_oci_registry_requests_total{host="ghcr.io",method="HEAD",code="200"} 1"#))
        if status == 429 { #expect(text.contains(#"gotk_oci_registry_rate_limited_total{host="ghcr.io"} 2"#)) }
    }

    @Test("Connections are counted for the servers that registries lead to, and for nobody else")
    func openConnections() async throws {
        let metrics = MetricsRegistry()
        let http = ScriptedClient { exchange, _ in
            exchange.url.hasPrefix("https://ghcr.io/")
                ? .answer(307, ["Location": "https://cdn.example:8443/x"]) : .answer(200, [:], Sample.layer)
        }
        let client = RegistryClient(
            http: http, metrics: metrics,
            openConnections: {
                [
                    "https://ghcr.io:443": 2, "http://ghcr.io:80": 1, "https://kubernetes:443": 5,
                    "https://idle.example:443": 1,
                ]
            })
        _ = try await client.repository(try repository()).fetchBlob(Sample.layerDescriptor, limit: 100)
        let lines = String(decoding: metrics.exposition(), as: UTF8.self).split(separator: "\n")
        #expect(
            lines.filter { $0.hasPrefix("gotk_oci_registry_open_connections{") } == [
                #"gotk_oci_registry_open_connections{host="cdn.example:8443"} 0"#,
                #"gotk_oci_registry_open_connections{host="ghcr.io"} 2"#,
            ])
        #expect(lines.contains(#"gotk_oci_registry_download_duration_seconds_count{host="ghcr.io"} 1"#))
    }

    @Test("Tries are counted, and what cannot get better is not tried again")
    func bounded() async throws {
        for (status, tries) in [(503, 3), (400, 1), (403, 1), (404, 1), (501, 3)] {
            let http = ScriptedClient { _, _ in .answer(status) }
            let error = await #expect(throws: RegistryError.self) {
                try await RegistryClient.scripted(http).repository(try repository()).fetchManifest(.tag("1"))
            }
            #expect(error?.isRetryable == (status >= 500))
            #expect(http.lines.count == tries)
        }
    }

    @Test(
        "Retry-After, in seconds or as a date, is waited for within the time there is",
        arguments: ["30", "Fri, 20 Nov 2026 09:50:16 GMT"])
    func retryAfter(value: String) async throws {
        let time = ManualTime()
        let http = ScriptedClient { exchange, index in
            index == 0 ? .answer(429, ["Retry-After": value]) : Sample.answer(exchange)
        }
        let client = RegistryClient.scripted(http, time: time)
        let source = client.repository(try repository(), access: RegistryAccess(timeout: .seconds(60)))
        async let descriptor = source.resolve(.tag("1"))
        await time.waitForSleepers()
        #expect(time.nextDeadline == .seconds(30))
        time.advance(by: .seconds(29))
        #expect(http.lines.count == 1)
        time.advance(by: .seconds(1))
        #expect(try await descriptor == Sample.descriptor)
    }

    @Test("A Retry-After beyond the time there is becomes the error's")
    func retryAfterTooLate() async throws {
        let time = ManualTime()
        for (value, expected) in [
            ("61", Duration.seconds(61)), ("99999999999999999999999", .seconds(86_400)), ("3600", .seconds(3600)),
        ] {
            let http = ScriptedClient { _, _ in .answer(429, ["Retry-After": value]) }
            let source = RegistryClient.scripted(http, time: time).repository(try repository())
            let error = await #expect(throws: RegistryError.self) { try await source.resolve(.tag("1")) }
            #expect(error?.code == .rateLimited)
            #expect(error?.retryAfter == expected)
            #expect(http.lines.count == 1)
        }
        // Nonsense is no Retry-After.
        let http = ScriptedClient { exchange, index in
            index == 0 ? .answer(503, ["Retry-After": "-5"]) : Sample.answer(exchange)
        }
        _ = try await RegistryClient.scripted(http).repository(try repository()).resolve(.tag("1"))
    }

    @Test("A registry that was away a moment ago is asked once, until it answers or time has passed")
    func outages() async throws {
        let time = ManualTime()
        let failure = Locked<HTTPTransportError.Code?>(.connect)
        let http = ScriptedClient { exchange, _ throws(HTTPTransportError) in
            if let code = failure.current, exchange.url.hasPrefix("https://ghcr.io/") { throw .failing(code) }
            return Sample.answer(exchange)
        }
        let client = RegistryClient.scripted(http, time: time)
        /// The requests that it took, and whether it worked.
        func resolve(_ name: String) async throws -> (Int, Bool) {
            let before = http.lines.count
            let source = client.repository(try repository(name))
            let work = Task { try await source.resolve(.tag("1")) }
            let isDone = Locked(false)
            Task {
                _ = await work.result
                isDone.withLock { $0 = true }
            }
            try await eventually {
                time.advance(by: .milliseconds(time.sleeperCount > 0 ? 2 : 0))
                return isDone.current
            }
            return (http.lines.count - before, (try? await work.value) != nil)
        }
        for code in [HTTPTransportError.Code.connect, .resolve, .timeout, .closed] {
            failure.withLock { $0 = code }
            #expect(try await resolve("ghcr.io/team/app") == (3, false), "\(code)")
            #expect(try await resolve("ghcr.io/team/other") == (1, false), "\(code)")
            time.advance(by: .seconds(29))
            #expect(try await resolve("ghcr.io/team/other") == (1, false), "\(code)")
            time.advance(by: .seconds(2))
            #expect(try await resolve("ghcr.io/team/other") == (3, false), "\(code)")
            // Another registry is another matter, and one that answers is back.
            #expect(try await resolve("other.example/team/app") == (1, true))
            failure.withLock { $0 = nil }
            #expect(try await resolve("ghcr.io/team/app") == (1, true))
        }
    }

    @Test("A registry that is up heals a lost connection within the request, after an outage too")
    func lostConnections() async throws {
        let fates = Locked<[HTTPTransportError.Code?]>([.connect, .connect, .connect, nil, .closed, nil])
        let http = ScriptedClient { exchange, _ throws(HTTPTransportError) in
            if let code = fates.withLock({ $0.removeFirst() }) { throw .failing(code) }
            return Sample.answer(exchange)
        }
        let source = RegistryClient.scripted(http).repository(try repository())
        await #expect(throws: RegistryError.self) { try await source.resolve(.tag("1")) }
        for _ in 0..<2 { #expect(try await source.resolve(.tag("1")) == Sample.descriptor) }
        #expect(fates.current.isEmpty)
    }

    @Test("A registry that refuses is up")
    func refusalsEndOutages() async throws {
        enum Fate { case lost(HTTPTransportError.Code), status(Int), good }
        let fates = Locked<[Fate]>([
            .lost(.connect), .lost(.connect), .lost(.connect), .status(404), .status(404), .lost(.closed), .good,
        ])
        let http = ScriptedClient { exchange, _ throws(HTTPTransportError) in
            switch fates.withLock({ $0.removeFirst() }) {
            case .lost(let code): throw .failing(code)
            case .status(let status): return .answer(status)
            case .good: return Sample.answer(exchange)
            }
        }
        let source = RegistryClient.scripted(http).repository(try repository())
        for _ in 0..<2 { await #expect(throws: RegistryError.self) { try await source.resolve(.tag("1")) } }
        #expect(try await source.resolve(.tag("1")) == Sample.descriptor)
        #expect(fates.current.isEmpty)
    }

    @Test("The timeout covers all that is done with a repository")
    func timeout() async throws {
        let time = ManualTime()
        let http = ScriptedClient { exchange, _ in Sample.answer(exchange) }
        let source = RegistryClient.scripted(http, time: time).repository(
            try repository(), access: RegistryAccess(timeout: .seconds(10)))
        _ = try await source.resolve(.tag("1"))
        time.advance(by: .seconds(11))
        let error = await #expect(throws: RegistryError.self) { try await source.resolve(.tag("1")) }
        #expect(error?.code == .timeout)
        #expect(error?.message.contains("within 10s") == true)
    }

    /// A client whose answers wait until the test lets them go.
    private final class Doors: Sendable {
        private let state = Locked((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

        var waiting: Int { state.withLock { $0.waiting.count } }

        func pass() async {
            await withCheckedContinuation { continuation in
                let passes = state.withLock { state in
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if passes { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                state.isOpen = true
                defer { state.waiting = [] }
                return state.waiting
            }
            waiting.forEach { $0.resume() }
        }
    }

    @Test("Equal HEADs under way are one; other users, tags and repositories have their own")
    func shared() async throws {
        let doors = Doors()
        let http = ScriptedClient { exchange, _ in
            await doors.pass()
            return Sample.answer(exchange)
        }
        let client = RegistryClient.scripted(http)
        let other = RegistryAccess(credential: .bearer(Redacted("x")))
        let cancelled = Task { try await client.repository(try repository()).resolve(.tag("1")) }
        try await eventually { doors.waiting == 1 }
        try await withThrowingTaskGroup(of: Descriptor.self) { group in
            for _ in 0..<10 { group.addTask { try await client.repository(try repository()).resolve(.tag("1")) } }
            group.addTask { try await client.repository(try repository(), access: other).resolve(.tag("1")) }
            group.addTask { try await client.repository(try repository()).resolve(.tag("2")) }
            group.addTask { try await client.repository(try repository("ghcr.io/other")).resolve(.tag("1")) }
            try await eventually { doors.waiting == 4 }
            // Who started it leaves; the others still get their answer.
            cancelled.cancel()
            await #expect(throws: RegistryError.self) { try await cancelled.value }
            #expect(http.lines.count == 4)
            doors.open()
            for try await descriptor in group { #expect(descriptor == Sample.descriptor) }
        }
        // Who came after the doors were open asked anew; unshared, all fourteen would have.
        #expect(http.lines.count < 13)
    }

    @Test("No more than so many requests are under way to a host, for each user; who waits can be cancelled")
    func gate() async throws {
        let doors = Doors()
        let http = ScriptedClient { exchange, _ in
            await doors.pass()
            return Sample.answer(exchange)
        }
        let client = RegistryClient.scripted(http) { $0.requestsPerHost = 3 }
        let tasks = (0..<8).map { number in
            Task { try await client.repository(try repository()).fetchManifest(.tag("\(number)")) }
        }
        try await eventually { doors.waiting == 3 }
        let other = RegistryAccess(credential: .bearer(Redacted("x")))
        let foreign = Task { try await client.repository(try repository(), access: other).fetchManifest(.tag("x")) }
        try await eventually { doors.waiting == 4 }
        tasks.forEach { $0.cancel() }
        // Those that wait for their turn leave without having sent anything.
        var left = 0
        doors.open()
        for task in tasks where (try? await task.value) == nil { left += 1 }
        _ = try await foreign.value
        #expect(left >= 5)
        #expect(http.lines.count <= 4 && http.mostAtOnce <= 4)
        // Places were given back.
        _ = try await client.repository(try repository()).fetchManifest(.tag("again"))
    }

    @Test("Requests start at the rate that is set")
    func rate() async throws {
        let time = ManualTime()
        let http = ScriptedClient { exchange, _ in Sample.answer(exchange) }
        let client = RegistryClient.scripted(http, time: time) {
            $0.requestRatePerHost = 1
            $0.requestBurstPerHost = 2
        }
        let source = client.repository(try repository(), access: RegistryAccess(timeout: nil))
        _ = try await source.resolve(.tag("1"))
        _ = try await source.resolve(.tag("2"))
        let third = Task { try await source.resolve(.tag("3")) }
        await time.waitForSleepers()
        #expect(http.lines.count == 2)
        time.advance(by: .seconds(1))
        _ = try await third.value
        let fourth = Task { try await source.resolve(.tag("4")) }
        await time.waitForSleepers()
        fourth.cancel()
        await #expect(throws: RegistryError.self) { try await fourth.value }
        #expect(http.lines.count == 3)
    }
}
