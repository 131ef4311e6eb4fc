import Core
import HTTPServing
import TestSupport

/// A client that takes nothing until it is told to.
final class Gate: HTTPResponseWriter {
    private let state = Locked((isOpen: false, isWaiting: false, bytes: [UInt8]()))

    var isWaiting: Bool { state.current.isWaiting }
    var text: String { String(decoding: state.current.bytes, as: UTF8.self) }

    func open() { state.withLock { $0.isOpen = true } }

    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        state.withLock { $0.isWaiting = true }
        try await eventually("the gate") { state.current.isOpen }
        state.withLock { $0.bytes += bytes }
    }
}
