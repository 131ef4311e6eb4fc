internal import Core

/// The request that a connection answers at the moment.
struct CurrentExchange {
    /// Nil for a request that could not be understood.
    let head: RequestHead?
    /// What the connection had sent before the response.
    let sentBefore: Int64
    var status = 0
    var stream: ResponseStream?
    var isChunked = false
    /// Bytes of stream content in the output that were not acknowledged to the writer.
    var unacknowledged = 0
}

extension Connection {
    /// Sends a response, or its head if its content is `stream`'s.
    func respond(_ response: HTTPServerResponse, stream: ResponseStream?) {
        guard case .handling = phase else {
            stream?.abandon()
            return
        }
        var response = response
        var stream = stream
        if !(200...599).contains(response.status) || !ResponseHead.isValid(response.headers) {
            stream?.abandon()
            task?.cancel()
            stream = nil
            loop.context.logger.error(
                "a handler made a response that is not valid HTTP",
                ["method": .string(current?.head?.method ?? ""), "path": .string(current?.head?.path ?? "")])
            response = .text(500, "the response is not valid HTTP")
        }
        if let connection = response.headers["Connection"], HTTPFields.same(connection, "close") {
            isLastExchange = true
        }
        let isHead = current?.head?.method == "HEAD"
        let isVersion10 = current?.head?.isVersion10 ?? false
        let framing = framing(of: response, isHead: isHead, isVersion10: isVersion10)
        if framing == .untilClose { isLastExchange = true }

        let connection: StaticString? = isLastExchange ? "close" : isVersion10 ? "keep-alive" : nil
        let date = loop.date.current()
        output.append { buffer in
            ResponseHead.append(
                to: &buffer, status: response.status, fields: response.headers, framing: framing,
                connection: connection, date: date)
        }
        current?.status = response.status
        guard !isHead, Self.hasContent(response.status) else {
            stream?.abandon()
            task?.cancel()
            phase = .responding
            return flushAndGoOn()
        }
        phase = .responding
        switch response.body {
        case .empty: break
        case .bytes(let bytes): output.append(bytes)
        case .file(let file, let range): output.append(file, Self.clamped(range, to: file))
        case .stream:
            current?.stream = stream
            current?.isChunked = framing == .chunked
            phase = .streaming
        }
        flushAndGoOn()
    }

    private func flushAndGoOn() {
        flush()
        pump()
    }

    private func framing(of response: HTTPServerResponse, isHead: Bool, isVersion10: Bool) -> ResponseHead.Framing {
        guard Self.hasContent(response.status) else { return .none }
        switch response.body {
        case .empty:
            if isHead {
                guard let length = response.headers["Content-Length"].flatMap({ Int64($0) }), length >= 0 else {
                    return .none
                }
                return .length(length)
            }
            return .length(0)
        case .bytes(let bytes): return .length(Int64(bytes.count))
        case .file(let file, let range): return .length(Int64(Self.clamped(range, to: file).count))
        case .stream: return isVersion10 ? .untilClose : .chunked
        }
    }

    private static func hasContent(_ status: Int) -> Bool { status != 204 && status != 304 }

    private static func clamped(_ range: Range<Int64>?, to file: ServedFile) -> Range<Int64> {
        (range ?? 0..<file.size).clamped(to: 0..<file.size)
    }

    // MARK: Streams

    /// Sends a piece of stream content at once.
    func appendChunk(_ bytes: [UInt8]) {
        guard case .streaming = phase, let isChunked = current?.isChunked else { return }
        output.append { buffer in
            if isChunked {
                buffer.append(contentsOf: String(bytes.count, radix: 16).utf8)
                buffer.append(.carriageReturn)
                buffer.append(.lineFeed)
            }
            buffer.append(contentsOf: bytes)
            if isChunked {
                buffer.append(.carriageReturn)
                buffer.append(.lineFeed)
            }
        }
        current?.unacknowledged += bytes.count
        flush()
    }

    /// The writer is done. Content that is known to be incomplete gets no end mark.
    func finishStream(isComplete: Bool) {
        guard case .streaming = phase, let isChunked = current?.isChunked else { return }
        guard isComplete else { return close() }
        if isChunked { output.append { $0.append(contentsOf: "0\r\n\r\n".utf8) } }
        phase = .responding
        flushAndGoOn()
    }

    /// Tells the writer how much has gone out.
    func acknowledgeStream() {
        guard let stream = current?.stream, let pending = current?.unacknowledged, pending > 0 else { return }
        let left = min(pending, output.bufferedCount)
        guard left < pending else { return }
        current?.unacknowledged = left
        stream.acknowledge(pending - left)
    }

    /// Ends the book-keeping of a response, complete or not.
    func endExchange(isComplete: Bool) {
        guard let current else { return }
        self.current = nil
        current.stream?.abandon()
        guard let observer = loop.context.observer, current.status != 0 else { return }
        observer.responseEnded(
            method: current.head?.method ?? "", status: current.status, bytes: output.sentCount - current.sentBefore,
            complete: isComplete)
    }
}
