internal import Core
internal import HTTPTransport
internal import KubernetesAPI

/// Reads the events of a watch from the bytes of its answer.
actor WatchReader {
    private var chunks: HTTPBody.AsyncIterator
    private var framing: JSONLineFraming
    private let request: APIRequest
    private let eventLimit: Int
    private var isAtEnd = false

    init(body: HTTPBody, request: APIRequest, eventLimit: Int) {
        chunks = body.makeAsyncIterator()
        framing = JSONLineFraming(limit: eventLimit)
        self.request = request
        self.eventLimit = eventLimit
    }

    func next() async throws(KubernetesError) -> WatchEvent? {
        while !isAtEnd {
            if let line = try nextLine() { return try parse(line) }
            guard let chunk = try await nextChunk() else {
                isAtEnd = true
                guard !framing.hasPartialLine else { throw fault(.transport, "ended in the middle of an event") }
                return nil
            }
            framing.append(chunk)
        }
        return nil
    }

    private func nextLine() throws(KubernetesError) -> [UInt8]? {
        do throws(JSONLineFraming.LineTooLong) {
            return try framing.nextLine()
        } catch {
            isAtEnd = true
            throw fault(.invalidResponse, "sent an event of more than \(error.limit) bytes")
        }
    }

    private func nextChunk() async throws(KubernetesError) -> [UInt8]? {
        // The iterator leaves the actor's state while it waits; there is one consumer.
        var iterator = chunks
        do throws(HTTPTransportError) {
            let chunk = try await iterator.nextChunk()
            chunks = iterator
            return chunk
        } catch {
            isAtEnd = true
            throw KubernetesError(error, request)
        }
    }

    private func parse(_ line: [UInt8]) throws(KubernetesError) -> WatchEvent {
        do {
            // As in lists: what anybody may write must not hide the objects of others.
            return try WatchEvent(
                json: try JSONValue(
                    parsing: line, limits: JSONLimits(bytes: eventLimit), equivalentNames: .lastWins))
        } catch {
            isAtEnd = true
            throw fault(.invalidResponse, "sent what is no watch event (\(error))")
        }
    }

    private func fault(_ code: KubernetesError.Code, _ message: String) -> KubernetesError {
        KubernetesError(code, "the watch of \(request.path) \(message)", isRetryable: true)
    }
}
