import Foundation
import Glibc

extension Process {
    /// Starts the process from a thread of its own that lives as long as the process does.
    ///
    /// A child inherits the starting thread's signal mask, and threads of the concurrency runtime block nearly all
    /// signals: a child started there would never see SIGTERM. The kernel sends a child's death signal when the thread
    /// that started it ends, not only when the whole process does.
    /// - Parameter onExit: called once the process has ended.
    func launchUnmasked(onExit: @escaping @Sendable () -> Void = {}) throws {
        let launch = Launch(self)
        terminationHandler = { _ in
            launch.ended.signal()
            onExit()
        }
        Thread.detachNewThread {
            launch.run()
        }
        launch.started.wait()
        if let failure = launch.failure { throw failure }
    }
}

/// Hands a process and what became of its start from one thread to another; the semaphore orders the accesses.
private final class Launch: @unchecked Sendable {
    let started = DispatchSemaphore(value: 0)
    let ended = DispatchSemaphore(value: 0)
    private(set) var failure: (any Error)?
    private let process: Process

    init(_ process: Process) { self.process = process }

    func run() {
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
        do { try process.run() } catch { failure = error }
        let isStarted = failure == nil
        started.signal()
        if isStarted { ended.wait() }
    }
}
