internal import CEvent
internal import Glibc

/// Starts threads that no signal is delivered to: a write to a broken connection raises SIGPIPE in the writing thread,
/// and the process's own signals are the main program's business.
enum EventLoopThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a new, detached thread.
    /// - Throws: `HTTPServingError` with code `.system` when the system refuses another thread.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(HTTPServingError) {
        let context = unsafe Unmanaged.passRetained(
            Body {
                unsafe CEventNameThread(String(name.prefix(15)))
                body()
            })
        var everything = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&everything)
        // The new thread inherits the mask.
        unsafe pthread_sigmask(SIG_SETMASK, &everything, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                body.run()
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            unsafe context.release()
            throw HTTPServingError(.system, "cannot start a thread: \(systemMessage(result))", errno: result)
        }
        pthread_detach(thread)
    }
}
