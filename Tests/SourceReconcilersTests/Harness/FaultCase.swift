import ArtifactStore
import ControllerRuntime
import Core
import HTTPServing
import HTTPTransport
import KubernetesAPI
import SourceReconcilers
import TestSupport
import Testing

/// Something wrong with a source, and what has to be said about it.
struct FaultCase: Sendable, CustomTestStringConvertible {
    let name: String
    var options = Workbench.Options()
    var condition = ConditionType.fetchFailed
    let reason: String
    /// What the message must hold, in any order.
    private(set) var fragments: [String]
    var isStall = false
    /// Sets the fault up and gives the spec that meets it.
    let arrange: @Sendable (Workbench) async throws -> JSONValue

    var testDescription: String { name }

    init(
        _ name: String, _ reason: String, _ fragments: String..., condition: String = ConditionType.fetchFailed,
        isStall: Bool = false, options: Workbench.Options = .init(),
        arrange: @escaping @Sendable (Workbench) async throws -> JSONValue
    ) {
        self.name = name
        self.reason = reason
        self.fragments = fragments
        self.condition = condition
        self.isStall = isStall
        self.options = options
        self.arrange = arrange
    }

    /// The same case with a message that must hold these, too.
    func expecting(_ more: [String]) -> FaultCase {
        var copy = self
        copy.fragments += more
        return copy
    }

    /// Creates the object, reconciles it twice and checks everything that holds for every failure.
    func prove() async throws {
        try await Workbench.run(options) { bench in
            let spec = try await arrange(bench)
            try await bench.create("app", spec)
            try await check(try await bench.reconcile(), bench)

            // The same failure again has nothing to say, and writes nothing.
            let version = try await bench.object().metadata.resourceVersion
            bench.time.advance(by: .seconds(30))
            try await bench.reconcile()
            #expect(try await bench.object().metadata.resourceVersion == version, "the second failure wrote the status")
            let events = bench.events.all
            #expect(events.count == 2 && events.first == events.last?.at(events.first), "\(events)")
            if let first = events.first?.date, let last = events.last?.date { #expect(first + .seconds(30) <= last) }

            // Whatever hung or streamed was let go.
            try await eventually("the end of all transfers") { bench.registry.underWay == 0 }
        }
    }

    private func check(_ outcome: ReconcileOutcome, _ bench: Workbench) async throws {
        let object = try await bench.object()
        let status = object.status
        let failure = try #require(status.condition(condition), "\(status.conditions)")
        let ready = try #require(status.condition(ConditionType.ready))
        #expect(failure.status == (condition == ConditionType.sourceVerified ? .no : .yes))
        #expect(failure.reason == reason, "\(failure)")
        for fragment in fragments {
            #expect(
                failure.message.contains(fragment),
                "'\(fragment)' is not in: \(failure.message)\n\(bench.log.lines.joined(separator: "\n"))")
        }
        for quote in QuotedFaults.quotes[name] ?? QuotedFaults.signatures[name] ?? [] {
            #expect(quote.matches(failure.message), "'\(quote)' is not a quote of: \(failure.message)")
        }
        #expect(failure.message.utf8.count < 2000, "the message is endless")
        #expect(failure.message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "the message is not printable")
        #expect(ready.status == .no && ready.reason == reason && ready.message == failure.message, "\(ready)")
        #expect(status.conditions.allSatisfy { $0.observedGeneration == object.metadata.generation })

        if isStall {
            #expect(status.condition(ConditionType.stalled)?.status == .yes)
            #expect(status.condition(ConditionType.stalled)?.reason == reason)
            #expect(status.condition(ConditionType.reconciling) == nil)
            #expect(status.observedGeneration == object.metadata.generation)
            #expect(try await bench.kstatus() == .failed)
            guard case .terminal = outcome else {
                Issue.record("a stall must not be retried: \(outcome)")
                return
            }
        } else {
            #expect(status.condition(ConditionType.stalled) == nil)
            #expect(status.condition(ConditionType.reconciling)?.reason == ConditionReason.progressingWithRetry)
            #expect(status.observedGeneration == -1)
            #expect(try await bench.kstatus() == .inProgress)
            guard case .failed = outcome else {
                Issue.record("it must be retried: \(outcome)")
                return
            }
        }

        #expect(status.artifact == nil && status.url == nil)
        #expect(bench.files.isEmpty, "\(bench.files)")
        #expect(bench.store.storedBytes == 0)
        let event = try #require(bench.events.all.first)
        #expect(bench.events.all.count == 1)
        #expect(event.type == .warning && event.reason == reason && event.message == failure.message)
        #expect(event.annotations.isEmpty && !event.isTrace, "only what was stored has a revision: \(event)")
        #expect(
            event.object.name == "app" && event.object.kind == "OCIRepository"
                && event.object.uid == object.metadata.uid)
    }
}

extension EventRecord {
    /// The event as if it had been recorded about the same version of its object as `other`.
    func at(_ other: EventRecord?) -> EventRecord {
        var copy = self
        if let other {
            copy.object.resourceVersion = other.object.resourceVersion
            copy.date = other.date
        }
        return copy
    }
}

extension HTTPServerResponse {
    static func html(_ status: Int) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status, headers: ["Content-Type": "text/html"],
            body: .bytes(Array("<!doctype html><html><body>Sign in</body></html>".utf8)))
    }
}
