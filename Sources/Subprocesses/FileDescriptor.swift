internal import CSpawn
internal import Glibc

/// An open descriptor; closed when the value ends.
struct FileDescriptor: ~Copyable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { _ = close(number) }

    func makeNonBlocking() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }
}

/// A pipe whose ends no other program inherits.
struct Pipe: ~Copyable {
    var readEnd: FileDescriptor?
    var writeEnd: FileDescriptor?

    init() throws(SubprocessError) {
        var numbers: [Int32] = [-1, -1]
        guard unsafe cspawn_pipe(&numbers) == 0 else {
            throw SubprocessError(.spawn, "no pipe to a helper program: \(SystemError.text(errno))")
        }
        readEnd = FileDescriptor(numbers[0])
        writeEnd = FileDescriptor(numbers[1])
    }
}

/// Wakes the thread that waits for a program when the caller's task is cancelled.
final class CancellationSignal: Sendable {
    private let event: Int32

    init() throws(SubprocessError) {
        let event = cspawn_eventfd()
        guard event >= 0 else {
            throw SubprocessError(.spawn, "no event descriptor for a helper program: \(SystemError.text(errno))")
        }
        self.event = event
    }

    deinit { _ = close(event) }

    /// Readable once raised.
    var descriptor: Int32 { event }

    func raise() { _ = cspawn_eventfd_raise(event) }
}

enum SystemError {
    /// The system's text for an error number.
    static func text(_ number: Int32) -> String {
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }
}
