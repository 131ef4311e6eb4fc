internal import CEvent
internal import Glibc

/// An event base: one thread's queue of descriptors and timers. Used from that thread only.
@safe
final class EventBase {
    fileprivate let pointer: OpaquePointer

    /// - Throws: `HTTPServingError` with code `.system` when the system refuses.
    init() throws(HTTPServingError) {
        guard let configuration = unsafe event_config_new() else {
            throw HTTPServingError(.system, "no memory for an event loop")
        }
        defer { unsafe event_config_free(configuration) }
        // Only its own thread ever touches a base; other threads go through the mailbox.
        unsafe event_config_set_flag(
            configuration, CInt(EVENT_BASE_FLAG_NOLOCK.rawValue | EVENT_BASE_FLAG_IGNORE_ENV.rawValue))
        guard let base = unsafe event_base_new_with_config(configuration) else {
            throw HTTPServingError(.system, "cannot make an event loop; check the limit on open files")
        }
        unsafe pointer = base
    }

    deinit {
        unsafe event_base_free(pointer)
    }

    /// Runs events until `stop()`.
    func run() {
        unsafe _ = event_base_loop(pointer, EVLOOP_NO_EXIT_ON_EMPTY)
    }

    /// Ends `run()` after the event at hand.
    func stop() {
        unsafe _ = event_base_loopbreak(pointer)
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
        let flags = interest == .readable ? EV_READ | EV_PERSIST : EV_WRITE | EV_PERSIST
        self.base = base
        body = Body(run)
        unsafe pointer = try Self.make(base, descriptor, CShort(flags), body)
    }

    /// A timer, from `enable(after:)` on.
    init(timerOn base: EventBase, _ run: @escaping () -> Void) throws(HTTPServingError) {
        self.base = base
        body = Body(run)
        unsafe pointer = try Self.make(base, -1, 0, body)
    }

    private static func make(
        _ base: EventBase, _ descriptor: CInt, _ flags: CShort, _ body: Body
    ) throws(HTTPServingError) -> OpaquePointer {
        let event = unsafe event_new(
            base.pointer, descriptor, flags,
            { _, _, context in
                guard let context = unsafe context else { return }
                // The local reference keeps the body alive while it frees its own event.
                let body = unsafe Unmanaged<Body>.fromOpaque(context).takeUnretainedValue()
                body.run()
            }, Unmanaged.passUnretained(body).toOpaque())
        guard let event = unsafe event else { throw HTTPServingError(.system, "no memory for an event") }
        return unsafe event
    }

    private(set) var isEnabled = false

    func enable() {
        guard !isEnabled, let pointer = unsafe pointer else { return }
        isEnabled = unsafe event_add(pointer, nil) == 0
    }

    func disable() {
        guard isEnabled, let pointer = unsafe pointer else { return }
        isEnabled = false
        unsafe event_del(pointer)
    }

    /// (Re)starts the timer.
    func enable(afterNanoseconds delay: UInt64) {
        guard let pointer = unsafe pointer else { return }
        var time = timeval(tv_sec: Int(delay / 1_000_000_000), tv_usec: Int(delay % 1_000_000_000 / 1000))
        unsafe event_add(pointer, &time)
    }

    /// Ends the watch for good; the body never runs again.
    func cancel() {
        guard let pointer = unsafe pointer else { return }
        isEnabled = false
        unsafe event_free(pointer)
        unsafe self.pointer = nil
    }

    deinit {
        if let pointer = unsafe pointer { unsafe event_free(pointer) }
    }
}
