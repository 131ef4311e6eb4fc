import ControllerRuntime
import Core
import HTTPServing
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct EventTests {
    private let date = Timestamp(seconds: 1_795_168_186)

    private func record(
        _ message: String = "m", name: String = "a", reason: String = "R", type: Event.Kind = .normal,
        trace: Bool = false, at date: Timestamp? = nil
    ) throws -> EventRecord {
        let object = try OCIRepository(
            json: repository(name, annotations: ["event.toolkit.fluxcd.io/team": "x", "other": "y"]))
        return EventRecord(
            object, type: type, reason: reason, message: message, date: date ?? self.date,
            annotations: ["source.toolkit.fluxcd.io/revision": "1@sha256:0"], isTrace: trace)
    }

    private func correlation() -> EventCorrelation { EventCorrelation(component: "source-controller", instance: "pod") }

    @Test func theFirstIsCreatedAndARepeatCounted() throws {
        var correlation = correlation()
        guard case .create(let event) = correlation.decide(try record(), now: .zero) else {
            Issue.record("expected a creation")
            return
        }
        #expect(event.metadata.name.hasPrefix("a."))
        #expect(event.metadata.namespace == "apps")
        #expect(event.metadata.annotations == ["source.toolkit.fluxcd.io/revision": "1@sha256:0"])
        #expect(event.component == "source-controller" && event.instance == "pod" && event.count == 1)
        guard
            case .update(let name, let patch, let fallback) = correlation.decide(
                try record(at: date + .seconds(5)), now: .seconds(7))
        else {
            Issue.record("expected an update")
            return
        }
        #expect(name == event.metadata.name)
        #expect(
            patch == ["count": 2, "lastTimestamp": .string((date + .seconds(5)).rfc3339), "message": "m"])
        #expect(fallback.count == 2 && fallback.firstTimestamp == date)
        // What is told late happened before.
        guard case .update(_, let late, _) = correlation.decide(try record(at: date), now: .seconds(9)) else {
            Issue.record("expected an update")
            return
        }
        #expect(late["count"] == 3 && late["lastTimestamp"] == .string((date + .seconds(5)).rfc3339))
    }

    /// What a user wrote into a field may be in a message, and be of any length.
    @Test func messagesAreCutBetweenCharacters() throws {
        #expect(try record(String(repeating: "é", count: 2048)).message.utf8.count == 4096)
        let cut = try record(String(repeating: "é", count: 2049)).message
        #expect(cut == String(repeating: "é", count: 2046) + "...")
    }

    @Test func anythingElseIsAnEventOfItsOwn() throws {
        var correlation = correlation()
        var names: Set<String> = []
        for record in [
            try record(), try record("n"), try record(reason: "S"), try record(type: .warning), try record(name: "b"),
        ] {
            guard case .create(let event) = correlation.decide(record, now: .zero) else {
                Issue.record("expected a creation")
                return
            }
            names.insert(event.metadata.name)
        }
        #expect(names.count == 5)
    }

    @Test func manySimilarOnesBecomeOne() throws {
        var correlation = correlation()
        var creations: [Event] = []
        var updates = 0
        for number in 0..<15 {
            switch correlation.decide(try record("message \(number)"), now: .seconds(number)) {
            case .create(let event): creations.append(event)
            case .update: updates += 1
            case .drop: Issue.record("dropped")
            }
        }
        #expect(creations.count == 11)
        #expect(creations.last?.message == "(combined from similar events): message 10")
        #expect(updates == 4)
    }

    @Test func anObjectThatHasTooManyLosesTheRestForAWhile() throws {
        var correlation = correlation()
        var drops = 0
        for number in 0..<40
        where correlation.decide(try record("x", reason: "R\(number)"), now: .zero) == .drop {
            drops += 1
        }
        #expect(drops == 15)
        // Others are not concerned, and after five minutes there is one more.
        #expect(correlation.decide(try record(name: "b"), now: .zero) != .drop)
        #expect(correlation.decide(try record("y"), now: .seconds(301)) != .drop)
        #expect(correlation.decide(try record("z"), now: .seconds(302)) == .drop)
    }

    @Test func anOldEventIsNotCountedUp() throws {
        var correlation = correlation()
        _ = correlation.decide(try record(), now: .zero)
        guard case .create = correlation.decide(try record(), now: .seconds(3600)) else {
            Issue.record("expected a creation")
            return
        }
    }

    @Test func memoryIsBounded() throws {
        var correlation = EventCorrelation(component: "c", instance: "i", capacity: 10)
        for number in 0..<1000 {
            #expect(correlation.decide(try record(name: "o\(number)"), now: .zero) != .drop)
        }
    }

    // MARK: - Writing

    private func withRecorder(
        _ server: FakeAPIServer, time: ManualTime = ManualTime(), metrics: MetricsRegistry = MetricsRegistry(),
        capacity: Int = 1000, _ body: (EventRecorder) async throws -> Void
    ) async throws {
        let recorder = EventRecorder(
            server: server, component: "source-controller", instance: "pod", capacity: capacity, time: time,
            metrics: metrics)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await recorder.run() }
            try await body(recorder)
            group.cancelAll()
        }
    }

    @Test func eventsAreWrittenAndCountedUp() async throws {
        let server = FakeAPIServer { _ in .success([:]) }
        try await withRecorder(server) { recorder in
            recorder.record(try record())
            recorder.record(try record())
            try await eventually { server.requests.count == 2 }
            #expect(server.requests[0].method == "POST")
            #expect(server.requests[0].path == "/api/v1/namespaces/apps/events")
            let event = try Event(json: server.requests[0].body ?? [:])
            #expect(event.involvedObject.kind == "OCIRepository" && event.involvedObject.uid == "uid-a")
            #expect(server.requests[0].body?["source"] == ["component": "source-controller"])
            #expect(server.requests[1].method == "PATCH")
            #expect(server.requests[1].path == "/api/v1/namespaces/apps/events/\(event.metadata.name)")
            #expect(server.requests[1].body?["count"] == 2)
        }
    }

    /// The server is away for a while: what happened before happened then.
    @Test func eventsSayWhenItHappened() async throws {
        let isUp = Locked(false), time = ManualTime(start: date)
        let server = FakeAPIServer { _ in isUp.current ? .success([:]) : nil }
        try await withRecorder(server, time: time) { recorder in
            recorder.record(try record("one", at: date))
            recorder.record(try record("two", at: date + .seconds(1)))
            await time.waitForSleepers()
            isUp.withLock { $0 = true }
            time.advance(by: .seconds(30))
            try await eventually { server.requests.count == 3 }
            let second = try #require(server.requests.last?.body)
            let then = JSONValue.string((date + .seconds(1)).rfc3339)
            #expect(second["firstTimestamp"] == then && second["lastTimestamp"] == then)
        }
    }

    @Test func anExpiredEventIsCreatedAgain() async throws {
        let server = FakeAPIServer { $0.method == "PATCH" ? .failure(.failure(404, "NotFound")) : .success([:]) }
        try await withRecorder(server) { recorder in
            recorder.record(try record())
            recorder.record(try record())
            try await eventually { server.requests.count == 3 }
            #expect(server.requests[2].method == "POST")
            #expect(server.requests[2].body?["count"] == 2)
        }
    }

    @Test func failuresAreTriedAgainAFewTimes() async throws {
        let (server, time, metrics) = (FakeAPIServer(), ManualTime(), MetricsRegistry())
        try await withRecorder(server, time: time, metrics: metrics) { recorder in
            recorder.record(try record())
            for _ in 0..<3 {
                await time.waitForSleepers()
                time.advance(by: .seconds(30))
            }
            try await eventually { server.requests.count == 4 }
            server.answer(.success([:]))
            recorder.record(try record())
            try await eventually { server.requests.count == 5 }
            // What was never stored is not counted up.
            #expect(server.requests[4].method == "POST")
            try await eventually {
                let text = String(decoding: metrics.exposition(), as: UTF8.self)
                return text.contains("source_controller_events_total{sink=\"kubernetes\",result=\"failed\"} 1")
                    && text.contains("source_controller_events_total{sink=\"kubernetes\",result=\"delivered\"} 1")
            }
        }
    }

    /// The last reconciliations of a process end after it was asked to end.
    @Test func whatWaitsAtTheEndIsStillWritten() async throws {
        let (server, time, metrics) = (FakeAPIServer { _ in .success([:]) }, ManualTime(), MetricsRegistry())
        let recorder = EventRecorder(
            server: server, component: "c", instance: "i", time: time, metrics: metrics)
        for name in ["a", "b", "c"] { recorder.record(try record(name: name)) }
        let running = Task { try await recorder.run() }
        running.cancel()
        try await running.value
        #expect(server.requests.count == 3)
        // A leader that lost its lease and got it back records on.
        recorder.record(try record(name: "d"))
        let again = Task { try await recorder.run() }
        try await eventually { server.requests.count == 4 }
        again.cancel()
        try await again.value
    }

    @Test func theEndWaitsForNobodyForLong() async throws {
        let (time, metrics, http) = (ManualTime(), MetricsRegistry(), CurlClient())
        let port = try RefusingPort()
        defer { withExtendedLifetime(port) {} }
        let recorder = EventRecorder(
            server: FakeAPIServer(), component: "c", instance: "i", time: time, metrics: metrics)
        let sender = NotificationSender(
            http: http, address: "http://127.0.0.1:\(port.number)/", component: "c", instance: "i", time: time,
            metrics: metrics)
        for name in ["a", "b"] {
            recorder.record(try record(name: name))
            sender.record(try record(name: name))
        }
        let running = [Task { try await recorder.run() }, Task { try await sender.run() }]
        for task in running { task.cancel() }
        // Of each the grace period, and the delay before the second try of the first event.
        await time.waitForSleepers(count: 4)
        time.advance(by: .seconds(2))
        for task in running { try await task.value }
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        for sink in ["kubernetes", "notification"] {
            for result in ["failed", "dropped"] {
                #expect(text.contains("source_controller_events_total{sink=\"\(sink)\",result=\"\(result)\"} 1"))
            }
        }
        await http.shutdown()
    }

    private struct Follower: Service {
        let log: Locked<[String]>
        func run() async throws {
            log.withLock { $0.append("service begins") }
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
            log.withLock { $0.append("service ends") }
        }
    }

    @Test func recordersOutliveWhatTheyRecord() async throws {
        let log = Locked<[String]>([])
        let running = Task {
            try await withOutliving([Follower(log: log)]) {
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
                log.withLock { $0.append("body ends") }
            }
        }
        try await eventually { log.current == ["service begins"] }
        running.cancel()
        try await running.value
        #expect(log.current == ["service begins", "body ends", "service ends"])
    }

    /// 253 characters at most, and no dot or hyphen before the dot (RFC 1123 subdomain).
    @Test(arguments: ["-", ".", "-.-", "x"])
    func namesOfEventsAreNames(_ end: String) throws {
        var correlation = correlation()
        let stem = String(repeating: "a", count: 230 - end.utf8.count)
        let decision = correlation.decide(try record(name: stem + end + "b"), now: .zero)
        guard case .create(let event) = decision else {
            Issue.record("expected a creation")
            return
        }
        #expect(event.metadata.name.hasPrefix(end == "x" ? stem + "x." : stem + "."))
        #expect(!event.metadata.name.contains("-.") && !event.metadata.name.contains(".."))
        #expect(event.metadata.name.utf8.count <= 253)
    }

    @Test func aFullQueueDropsAndCounts() throws {
        let metrics = MetricsRegistry()
        let recorder = EventRecorder(
            server: FakeAPIServer(), component: "c", instance: "i", capacity: 3, metrics: metrics)
        for _ in 0..<5 { recorder.record(try record()) }
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        #expect(text.contains("source_controller_events_total{sink=\"kubernetes\",result=\"dropped\"} 2"))
    }

    // MARK: - Posting

    @Test func aPostTakesFiveSecondsAtMost() async throws {
        final class Receiver: HTTPClient {
            let deadlines = Locked<[Duration?]>([])
            func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
                deadlines.withLock { $0.append(request.deadline) }
                return HTTPResponse(status: 202, body: HTTPBody(bytes: []))
            }
        }
        let receiver = Receiver()
        let sender = NotificationSender(http: receiver, address: "http://127.0.0.1:1/", component: "c", instance: "i")
        sender.record(try record())
        let running = Task { try await sender.run() }
        try await eventually("the post") { receiver.deadlines.current == [.seconds(5)] }
        running.cancel()
        try await running.value
    }

    @Test func aReceiverThatIsAwayHoldsNobodyUp() throws {
        let metrics = MetricsRegistry()
        let sender = NotificationSender(
            http: CurlClient(), address: "http://127.0.0.1:1/", component: "c", instance: "i", capacity: 3,
            metrics: metrics)
        // Nobody posts: what does not fit is dropped at once.
        for _ in 0..<5 { sender.record(try record()) }
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        #expect(text.contains("source_controller_events_total{sink=\"notification\",result=\"dropped\"} 2"))
    }

    private func withSender(
        _ statuses: [Int], time: ManualTime = ManualTime(), metrics: MetricsRegistry = MetricsRegistry(),
        _ body: (NotificationSender, Locked<[HTTPServerRequest]>) async throws -> Void
    ) async throws {
        let requests = Locked<[HTTPServerRequest]>([])
        let server = try HTTPServer(
            configuration: .init(address: "127.0.0.1:0"),
            handler: ImmediateHandler { request in
                let count = requests.withLock { requests in
                    requests.append(request)
                    return requests.count
                }
                return HTTPServerResponse(status: count <= statuses.count ? statuses[count - 1] : 202)
            })
        let http = CurlClient()
        let sender = NotificationSender(
            http: http, address: "http://127.0.0.1:\(server.port)/", component: "source-controller", instance: "pod",
            time: time, metrics: metrics)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { try await sender.run() }
            defer { group.cancelAll() }
            try await body(sender, requests)
        }
        await http.shutdown()
    }

    @Test func notificationsHaveTheirPayload() async throws {
        let time = ManualTime()
        try await withSender([], time: time) { sender, requests in
            sender.record(try record(trace: true))
            let then = date + .seconds(-60)
            sender.record(try record("stored", reason: "NewArtifact", at: then))
            sender.record(try record("broken", reason: "Failed", type: .warning))
            try await eventually { requests.current.count == 2 }
            let first = try JSONValue(parsing: requests.current[0].body)
            #expect(
                first == [
                    "involvedObject": [
                        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository", "namespace": "apps",
                        "name": "a", "uid": "uid-a", "resourceVersion": "1",
                    ], "severity": "info", "timestamp": .string(then.rfc3339), "message": "stored",
                    "reason": "NewArtifact", "reportingController": "source-controller", "reportingInstance": "pod",
                    "metadata": [
                        "event.toolkit.fluxcd.io/team": "x", "source.toolkit.fluxcd.io/revision": "1@sha256:0",
                    ],
                ])
            #expect(requests.current[0].method == "POST")
            #expect(requests.current[0].headers["Content-Type"] == "application/json")
            #expect(try JSONValue(parsing: requests.current[1].body)["severity"] == "error")
        }
    }

    @Test func serverErrorsAreTriedAgainAndDuplicatesAreNot() async throws {
        let (time, metrics) = (ManualTime(), MetricsRegistry())
        try await withSender([503, 500, 202, 429, 400], time: time, metrics: metrics) { sender, requests in
            sender.record(try record("one"))
            for _ in 0..<2 {
                await time.waitForSleepers()
                time.advance(by: .seconds(30))
            }
            try await eventually { requests.current.count == 3 }
            sender.record(try record("two"))
            sender.record(try record("three"))
            sender.record(try record("four"))
            try await eventually { requests.current.count == 6 }
            let messages = try requests.current.map { try JSONValue(parsing: $0.body)["message"]?.stringValue ?? "" }
            #expect(messages == ["one", "one", "one", "two", "three", "four"])
            try await eventually {
                let text = String(decoding: metrics.exposition(), as: UTF8.self)
                return ["delivered\"} 2", "duplicate\"} 1", "failed\"} 1", "dropped\"} 0"].allSatisfy {
                    text.contains("source_controller_events_total{sink=\"notification\",result=\"\($0)")
                }
            }
        }
    }

    @Test func anUnreachableReceiverIsTriedAgainThenGivenUp() async throws {
        let port = try RefusingPort()
        defer { withExtendedLifetime(port) {} }
        let (time, metrics, http) = (ManualTime(), MetricsRegistry(), CurlClient())
        let sender = NotificationSender(
            http: http, address: "http://127.0.0.1:\(port.number)/", component: "c", instance: "i", time: time,
            metrics: metrics)
        let running = Task { try await sender.run() }
        sender.record(try record())
        for _ in 0..<4 {
            await time.waitForSleepers()
            time.advance(by: .seconds(30))
        }
        try await eventually {
            String(decoding: metrics.exposition(), as: UTF8.self)
                .contains("source_controller_events_total{sink=\"notification\",result=\"failed\"} 1")
        }
        running.cancel()
        try await running.value
        await http.shutdown()
    }
}
