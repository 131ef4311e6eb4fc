internal import Core

/// One request and its response, where the caller's task and the loop's thread meet.
///
/// The loop's thread puts in head, body and outcome; the task takes them out, and asks the loop through its inbox.
final class Exchange: Sendable {
    typealias HeadResult = Result<ResponseHeadParser.Head, HTTPTransportError>
    typealias ChunkResult = Result<[UInt8]?, HTTPTransportError>

    /// What the loop does after handing over bytes.
    enum Demand {
        case more
        /// Enough is waiting: stop reading until `resumeReceiving` comes.
        case pause
    }

    private struct State {
        var head: ResponseHeadParser.Head?
        var headWaiter: CheckedContinuation<HeadResult, Never>?
        var chunks: [[UInt8]] = []
        var buffered = 0
        var chunkWaiter: CheckedContinuation<ChunkResult, Never>?
        var outcome: Result<Void, HTTPTransportError>?
        var isPaused = false
    }

    /// Chunks smaller than this are put together while they wait, so that a peer cannot make us keep a million of them.
    private static let smallChunk = 16 * 1024

    let request: HTTPRequest
    let target: RequestTarget
    let poolKey: PoolKey
    let upload: UploadBuffer?
    private let bufferLimit: Int
    private let loop: EventLoop
    private let state = Locked(State())

    init(_ request: HTTPRequest, loop: EventLoop) throws(HTTPTransportError) {
        self.request = request
        self.target = try RequestTarget(url: request.url)
        self.poolKey = try PoolKey(request.connection, target: target)
        self.bufferLimit = loop.configuration.bufferedBytesPerTransfer
        self.loop = loop
        if case .stream(let length, let source) = request.body {
            upload = UploadBuffer(source: source, length: length, limit: bufferLimit)
        } else {
            upload = nil
        }
    }

    // MARK: The caller's side

    /// Starts the exchange and waits for the response's head.
    func start() async -> HeadResult {
        await withCheckedContinuation { continuation in
            let early: HTTPTransportError? = state.withLock { state in
                if case .failure(let error) = state.outcome { return error }
                state.headWaiter = continuation
                return nil
            }
            if let early {
                continuation.resume(returning: .failure(early))
            } else {
                loop.post(.start(self))
            }
        }
    }

    /// The next bytes of the body; nil at its end.
    func nextChunk() async throws(HTTPTransportError) -> [UInt8]? {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (ready, resumes) = state.withLock { state in take(from: &state, orWait: continuation) }
                if resumes { loop.post(.resumeReceiving(self)) }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    private func take(
        from state: inout State, orWait continuation: CheckedContinuation<ChunkResult, Never>
    ) -> (ready: ChunkResult?, resumes: Bool) {
        if case .failure(let error) = state.outcome, error.code == .cancelled { return (.failure(error), false) }
        if state.chunkWaiter != nil {
            let error = HTTPTransportError(
                .internal, "the response body has two consumers", endpoint: target.endpoint, isRetryable: false)
            return (.failure(error), false)
        }
        if state.chunks.isEmpty {
            switch state.outcome {
            case .failure(let error): return (.failure(error), false)
            case .success: return (.success(nil), false)
            case nil: state.chunkWaiter = continuation
            }
            return (nil, takePause(&state))
        }
        let chunk = state.chunks.removeFirst()
        state.buffered -= chunk.count
        return (.success(chunk), state.buffered <= bufferLimit / 2 && takePause(&state))
    }

    private func takePause(_ state: inout State) -> Bool {
        defer { state.isPaused = false }
        return state.isPaused
    }

    /// Ends the exchange if it is still going on. Whoever waits gets a `cancelled` error at once.
    func cancel() {
        let isNew = finish(
            .failure(HTTPTransportError(.cancelled, "the request was cancelled", endpoint: target.endpoint)))
        if isNew { loop.post(.cancel(self)) }
    }

    // MARK: The loop's side

    /// Starts reading the request's body stream, if there is one.
    func startUpload() {
        upload?.start(endpoint: target.endpoint) { [loop] in loop.post(.resumeSending(self)) }
    }

    var isFinished: Bool { state.withLock { $0.outcome != nil } }

    /// Hands over the response's head.
    func deliver(_ head: ResponseHeadParser.Head) {
        let waiter = state.withLock { state in
            state.head = head
            return state.headWaiter.take()
        }
        waiter?.resume(returning: .success(head))
    }

    /// Hands over bytes of the body, which may be empty to learn whether more is wanted.
    func deliver(_ bytes: [UInt8]) -> Demand {
        let (waiter, demand): (CheckedContinuation<ChunkResult, Never>?, Demand) = state.withLock { state in
            if !bytes.isEmpty, let waiter = state.chunkWaiter.take() { return (waiter, .more) }
            if !bytes.isEmpty, state.outcome == nil {
                if let last = state.chunks.last, last.count + bytes.count <= Self.smallChunk {
                    state.chunks[state.chunks.count - 1] += bytes
                } else {
                    state.chunks.append(bytes)
                }
                state.buffered += bytes.count
            }
            guard state.buffered >= bufferLimit else { return (nil, .more) }
            state.isPaused = true
            return (nil, .pause)
        }
        waiter?.resume(returning: .success(bytes))
        return demand
    }

    /// Ends the exchange; the first outcome counts.
    /// - Returns: whether this was the first.
    @discardableResult
    func finish(_ outcome: Result<Void, HTTPTransportError>) -> Bool {
        let waiters: (HeadWaiter?, CheckedContinuation<ChunkResult, Never>?)? = state.withLock { state in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            if case .failure(let error) = outcome, error.code == .cancelled {
                state.chunks = []
                state.buffered = 0
            }
            return (state.headWaiter.take(), state.chunkWaiter.take())
        }
        guard let (head, chunk) = waiters else { return false }
        upload?.close()
        switch outcome {
        case .failure(let error):
            head?.resume(returning: .failure(error))
            chunk?.resume(returning: .failure(error))
        case .success:
            head?.resume(
                returning: .failure(
                    HTTPTransportError(
                        .closed, "\(target.authority) closed the connection before the end of the response head",
                        endpoint: target.endpoint)))
            chunk?.resume(returning: .success(nil))
        }
        return true
    }

    private typealias HeadWaiter = CheckedContinuation<HeadResult, Never>
}
