#if THREAD_SANITIZER
import Glibc
#else
import Synchronization
#endif

/// A value behind a lock, for short critical sections; never suspend inside one.
///
/// `Synchronization.Mutex` in ordinary builds. The thread sanitizer does not see that lock's ordering and reports races
/// that are none, so builds made with `-DTHREAD_SANITIZER` use a pthread mutex instead.
package final class Locked<Value: Sendable>: Sendable {
    #if THREAD_SANITIZER
    private let storage: PthreadProtected<Value>

    /// Protects `value`.
    package init(_ value: Value) {
        storage = PthreadProtected(value)
    }

    /// Runs `body` with exclusive access to the value.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        storage.lock()
        defer { storage.unlock() }
        return try unsafe body(&storage.value)
    }
    #else
    private let mutex: Mutex<Value>

    /// Protects `value`.
    package init(_ value: Value) {
        mutex = Mutex(value)
    }

    /// Runs `body` with exclusive access to the value.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var outcome: Swift.Result<Result, Failure>?
        mutex.withLock { value in
            outcome = Swift.Result { () throws(Failure) -> Result in try body(&value) }
        }
        // The closure above always runs, exactly once.
        guard let outcome else { preconditionFailure("Mutex.withLock did not run its body") }
        return try outcome.get()
    }
    #endif

    /// A copy of the value.
    package var current: Value { withLock { $0 } }
}

#if THREAD_SANITIZER
@safe private final class PthreadProtected<Value>: @unchecked Sendable {
    nonisolated(unsafe) var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init(_ value: Value) {
        unsafe self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    func lock() { unsafe pthread_mutex_lock(mutex) }
    func unlock() { unsafe pthread_mutex_unlock(mutex) }
}
#endif
