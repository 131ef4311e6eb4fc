package import Core
package import KubernetesAPI

/// Something worth telling about an object.
package struct EventRecord: Sendable, Hashable {
    package var object: ObjectReference
    package var type: Event.Kind
    /// A word for programs.
    package var reason: String
    /// A sentence for people, of at most 4 KiB: events are kept and sent by the thousand.
    package let message: String
    /// When it happened: it may be told of much later.
    package var date: Timestamp
    /// Annotations of the core/v1 Event; they are in the metadata of a notification too.
    package var annotations: [String: String]
    /// Further metadata of a notification.
    package var metadata: [String: String]
    /// Of interest to somebody who looks at the object, but not worth a notification.
    package var isTrace: Bool

    /// A record from its parts.
    package init(
        object: ObjectReference, type: Event.Kind, reason: String, message: String, date: Timestamp,
        annotations: [String: String] = [:], metadata: [String: String] = [:], isTrace: Bool = false
    ) {
        self.object = object
        self.type = type
        self.reason = reason
        self.date = date
        self.message = message.shortened(toBytes: 4096)
        self.annotations = annotations
        self.metadata = metadata
        self.isTrace = isTrace
    }

    /// A record about an OCIRepository; its annotations for events go into the metadata.
    package init(
        _ repository: OCIRepository, type: Event.Kind, reason: String, message: String, date: Timestamp,
        annotations: [String: String] = [:], isTrace: Bool = false
    ) {
        let own = repository.metadata.annotations.filter { $0.key.hasPrefix(OCIRepository.eventAnnotationPrefix) }
        self.init(
            object: ObjectReference(repository), type: type, reason: reason, message: message, date: date,
            annotations: annotations, metadata: own, isTrace: isTrace)
    }
}

/// Takes records of events; never waits and never fails.
package protocol EventRecording: Sendable {
    /// Takes a record; it is delivered later, or dropped and counted if too many wait.
    func record(_ event: EventRecord)
}

/// Gives every record to several recorders.
package struct EventFanOut: EventRecording {
    private let recorders: [any EventRecording]

    /// Records go to each of `recorders`.
    package init(_ recorders: [any EventRecording]) {
        self.recorders = recorders
    }

    package func record(_ event: EventRecord) {
        for recorder in recorders { recorder.record(event) }
    }
}

/// What became of events, by where they went.
struct EventMetrics: Sendable {
    enum Result: String, CaseIterable {
        /// It arrived.
        case delivered
        /// The other side had it already.
        case duplicate
        /// Too many waited, or the same object had too many.
        case dropped
        /// It could not be delivered.
        case failed
    }

    private let family: CounterFamily
    private let sink: String

    init(registry: MetricsRegistry, sink: String) {
        family = registry.counter(
            "source_controller_events_total", help: "Number of events by where they went and what became of them.",
            labels: ["sink", "result"])
        self.sink = sink
        for result in Result.allCases { family.increment([sink, result.rawValue], by: 0) }
    }

    func count(_ result: Result, by amount: Int = 1) { family.increment([sink, result.rawValue], by: Double(amount)) }
}

/// How long events may still be delivered when the process ends: all of its end has to fit into a pod's grace period.
enum EventGrace {
    static let atTheEnd = Duration.seconds(2)
}

/// A queue between those who never wait and one that works: bounded, first in, first out.
final class BoundedMailbox<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var elements: [Element] = []
        var head = 0
        var isEnding = false
    }

    private let limit: Int
    private let state = Locked(State())
    private let filled = Wakeup()

    init(limit: Int) {
        self.limit = limit
    }

    /// Puts `element` at the end.
    /// - Returns: false if the mailbox is full and the element was not taken.
    func put(_ element: Element) -> Bool {
        let isTaken = state.withLock { state in
            guard state.elements.count - state.head < limit else { return false }
            state.elements.append(element)
            return true
        }
        if isTaken { filled.signal() }
        return isTaken
    }

    /// Gives the elements to `body`, one after the other, until the task is cancelled; then what still waits, for `grace` at
    /// the most. What is left after that is dropped.
    /// - Returns: how many were dropped.
    func drain(
        grace: Duration, time: any TimeSource, into body: @escaping @Sendable (Element) async -> Void
    ) async -> Int {
        state.withLock { $0.isEnding = false }
        // In a task of its own: cancellation ends the waiting, not what is being delivered.
        let worker = Task {
            while let element = await self.take() { await body(element) }
        }
        await withTaskCancellationHandler {
            await worker.value
        } onCancel: {
            state.withLock { $0.isEnding = true }
            filled.signal()
            Task {
                try? await time.sleep(for: grace)
                worker.cancel()
            }
        }
        return state.withLock { state in
            defer {
                state.elements = []
                state.head = 0
            }
            return state.elements.count - state.head
        }
    }

    /// The first element, once there is one; nil when the task is cancelled, or at the end when there is none left.
    private func take() async -> Element? {
        while !Task.isCancelled {
            if let element = takeNow() { return element }
            if state.withLock({ $0.isEnding }) { return nil }
            await filled.wait()
        }
        return nil
    }

    /// The first element, if there is one.
    private func takeNow() -> Element? {
        state.withLock { state in
            guard state.head < state.elements.count else { return nil }
            let element = state.elements[state.head]
            state.head += 1
            if state.head == state.elements.count || state.head >= 128 {
                state.elements.removeFirst(state.head)
                state.head = 0
            }
            return element
        }
    }
}
