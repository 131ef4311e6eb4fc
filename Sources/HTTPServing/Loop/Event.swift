internal import CEvent

/// An event base: one thread's queue of descriptors and timers. Used from that thread only.
@safe
final class EventBase {
    fileprivate let pointer: OpaquePointer

    /// - Throws: `HTTPServingError` with code `.system` when the system refuses.
    init() throws(HTTPServingError) {
        guard let base = unsafe CEventBaseNew() else {
            throw HTTPServingError(.system, "cannot make an event loop; check the limit on open files")
        }
        unsafe pointer = base
    }

    deinit {
        unsafe CEventBaseFree(pointer)
    }

    /// Runs events until `stop()`.
    func run() {
        unsafe CEventBaseRun(pointer)
    }

    /// Ends `run()` after the event at hand.
    func stop() {
        unsafe CEventBaseStop(pointer)
    }
}

/// A descriptor or a timer watched by a base. Its body runs on the base's thread, at most until `cancel()` or deinit.
@safe
final class Event {
    enum Interest {
        case readable, writable
    }

    private final class Body {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    private var pointer: OpaquePointer?
    private let body: Body
    private let base: EventBase

    /// Watches `descriptor`, from `enable()` on.
    init(_ base: EventBase, descriptor: CInt, _ interest: Interest, _ run: @escaping () -> Void)
        throws(HTTPServingError)
    {
        self.base = base
        body = Body(run)
        let context = unsafe Unmanaged.passUnretained(body).toOpaque()
        let event =
            switch interest {
            case .readable: unsafe CEventNewReadable(base.pointer, descriptor, Self.fired, context)
            case .writable: unsafe CEventNewWritable(base.pointer, descriptor, Self.fired, context)
            }
        guard let event = unsafe event else { throw Self.noMemory }
        unsafe pointer = event
    }

    /// A timer, from `enable(afterNanoseconds:)` on.
    init(timerOn base: EventBase, _ run: @escaping () -> Void) throws(HTTPServingError) {
        self.base = base
        body = Body(run)
        let context = unsafe Unmanaged.passUnretained(body).toOpaque()
        guard let event = unsafe CEventNewTimer(base.pointer, Self.fired, context) else { throw Self.noMemory }
        unsafe pointer = event
    }

    private static var noMemory: HTTPServingError { HTTPServingError(.system, "no memory for an event") }

    private static var fired: CEventCallback {
        { _, _, context in
            guard let context = unsafe context else { return }
            // The local reference keeps the body alive while it frees its own event.
            let body = unsafe Unmanaged<Body>.fromOpaque(context).takeUnretainedValue()
            body.run()
        }
    }

    private(set) var isEnabled = false

    func enable() {
        guard !isEnabled, let pointer = unsafe pointer else { return }
        isEnabled = unsafe CEventEnable(pointer) == 0
    }

    func disable() {
        guard isEnabled, let pointer = unsafe pointer else { return }
        isEnabled = false
        unsafe CEventDisable(pointer)
    }

    /// (Re)starts the timer.
    func enable(afterNanoseconds delay: UInt64) {
        guard let pointer = unsafe pointer else { return }
        unsafe _ = CEventEnableAfter(pointer, delay)
    }

    /// Ends the watch for good; the body never runs again.
    func cancel() {
        guard let pointer = unsafe pointer else { return }
        isEnabled = false
        unsafe CEventFree(pointer)
        unsafe self.pointer = nil
    }

    deinit {
        if let pointer = unsafe pointer { unsafe CEventFree(pointer) }
    }
}
