internal import CEvent
internal import Core
internal import Glibc

/// One request's place on a connection: what a task holds instead of the connection, which it may outlive.
struct ExchangeID: Sendable, Hashable {
    let connection: UInt64
    let number: UInt64
}

/// What other threads ask an event loop to do.
enum Command: Sendable {
    /// Take over an accepted socket.
    case adopt(descriptor: CInt, peer: String)
    /// Send a response; the stream is the source of a `.stream` body.
    case respond(ExchangeID, HTTPServerResponse, ResponseStream?)
    /// Send stream content.
    case chunk(ExchangeID, [UInt8])
    /// The stream has ended; an incomplete one ends its connection.
    case finish(ExchangeID, isComplete: Bool)
    /// Answer what is in flight, take nothing new, end.
    case stop
}

/// The way into an event loop's thread: a queue and a descriptor that wakes the loop.
final class Mailbox: Sendable {
    /// Becomes readable when commands wait.
    let descriptor: CInt
    private let commands = Locked<[Command]>([])

    /// - Throws: `HTTPServingError` with code `.system` when the system has no descriptor left.
    init() throws(HTTPServingError) {
        descriptor = CEventWakerNew()
        guard descriptor >= 0 else {
            throw HTTPServingError(
                .system, "cannot make an event descriptor; check the limit on open files", errno: errno)
        }
    }

    deinit {
        // A connection may have been handed over to a loop that had just ended.
        for case .adopt(let socket, _) in commands.current { close(socket) }
        close(descriptor)
    }

    func post(_ command: Command) {
        let wasEmpty = commands.withLock { commands in
            commands.append(command)
            return commands.count == 1
        }
        if wasEmpty { CEventWake(descriptor) }
    }

    /// Everything posted since the last call. The descriptor is reset before the queue is emptied, so that no post is
    /// missed.
    func drain() -> [Command] {
        CEventWakerReset(descriptor)
        return commands.withLock { commands in
            let taken = commands
            commands = []
            return taken
        }
    }
}
