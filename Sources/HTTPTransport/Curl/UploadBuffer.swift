internal import Core

/// A request body on its way from the caller's stream to the loop's thread, a bounded number of bytes at a time.
final class UploadBuffer: Sendable {
    /// What the loop's thread found.
    enum Content {
        case bytes(Int)
        /// Nothing yet: the loop is told when there is.
        case nothingYet
        case end
        case failed(HTTPTransportError)
    }

    private struct State {
        var chunks: [[UInt8]] = []
        /// How much of the first chunk is taken.
        var offset = 0
        var buffered = 0
        var produced: Int64 = 0
        var isWanted = false
        var ended: Result<Void, HTTPTransportError>?
        var isClosed = false
        var producer: CheckedContinuation<Void, Never>?
        var pump: Task<Void, Never>?
    }

    let length: Int64?
    private let source: any AsyncSequence<[UInt8], any Error> & Sendable
    private let limit: Int
    private let state = Locked(State())

    init(source: any AsyncSequence<[UInt8], any Error> & Sendable, length: Int64?, limit: Int) {
        self.source = source
        self.length = length
        self.limit = limit
    }

    /// Starts reading the source; `onContent` is called when content that `read` missed has come.
    func start(endpoint: String, onContent: @escaping @Sendable () -> Void) {
        let pump = Task { await self.pump(endpoint: endpoint, onContent: onContent) }
        let isClosed = state.withLock { state in
            state.pump = pump
            return state.isClosed
        }
        if isClosed { pump.cancel() }
    }

    private func pump(endpoint: String, onContent: @Sendable () -> Void) async {
        var outcome: Result<Void, HTTPTransportError> = .success(())
        do {
            for try await chunk in source where !chunk.isEmpty {
                guard await append(chunk, onContent: onContent) else { return }
            }
        } catch {
            outcome = .failure(
                HTTPTransportError(
                    .upload, "the request's body could not be read: \(type(of: error))", endpoint: endpoint,
                    isRetryable: false, underlying: error))
        }
        let wakes = state.withLock { state in
            if case .success = outcome, let length, state.produced != length {
                outcome = .failure(
                    HTTPTransportError(
                        .upload, "the request's body is \(state.produced) bytes long, not \(length) as announced",
                        endpoint: endpoint, isRetryable: false))
            }
            state.ended = outcome
            defer { state.isWanted = false }
            return state.isWanted
        }
        if wakes { onContent() }
    }

    /// Waits while enough is buffered; false when nobody wants more.
    private func append(_ chunk: [UInt8], onContent: @Sendable () -> Void) async -> Bool {
        let (isOpen, wakes) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.produced += Int64(chunk.count)
            // Surplus bytes are never sent: the end of the stream reports them.
            if let length, state.produced > length { return (true, false) }
            state.chunks.append(chunk)
            state.buffered += chunk.count
            defer { state.isWanted = false }
            return (true, state.isWanted)
        }
        if wakes { onContent() }
        guard isOpen else { return false }
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                guard !state.isClosed, state.buffered >= limit else { return false }
                state.producer = continuation
                return true
            }
            if !waits { continuation.resume() }
        }
        return true
    }

    /// Moves content into `buffer`, without waiting.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Content {
        let (content, producer): (Content, CheckedContinuation<Void, Never>?) = state.withLock { state in
            var filled = 0
            while filled < buffer.count, let chunk = state.chunks.first {
                let count = min(chunk.count - state.offset, buffer.count - filled)
                unsafe chunk.withUnsafeBytes { bytes in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<(filled + count)])
                        .copyMemory(
                            from: UnsafeRawBufferPointer(rebasing: bytes[state.offset..<(state.offset + count)]))
                }
                filled += count
                state.offset += count
                if state.offset == chunk.count {
                    state.chunks.removeFirst()
                    state.offset = 0
                }
            }
            state.buffered -= filled
            let producer = state.buffered <= limit / 2 ? state.producer.take() : nil
            if filled > 0 { return (.bytes(filled), producer) }
            switch state.ended {
            case .success: return (.end, producer)
            case .failure(let error): return (.failed(error), producer)
            case nil:
                state.isWanted = true
                return (.nothingYet, producer)
            }
        }
        producer?.resume()
        return content
    }

    /// Ends the reading of the source: nobody wants more.
    func close() {
        let (producer, pump) = state.withLock { state in
            state.isClosed = true
            state.chunks = []
            state.buffered = 0
            return (state.producer.take(), state.pump.take())
        }
        producer?.resume()
        pump?.cancel()
    }
}
