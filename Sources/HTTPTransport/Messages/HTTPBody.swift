/// The content of a response, in chunks as they arrive.
///
/// For one consumer. The peer is held back while the consumer is busy; dropping the body (and its iterator) before its
/// end cancels the transfer and closes the connection. Every error thrown is an `HTTPTransportError`.
package struct HTTPBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    /// Frees the transfer when nobody can read it any more.
    fileprivate final class Reader: Sendable {
        let source: Source

        init(_ source: Source) { self.source = source }

        deinit {
            if case .exchange(let exchange) = source { exchange.cancel() }
        }
    }

    fileprivate enum Source: Sendable {
        case exchange(Exchange)
        case bytes([UInt8])
    }

    private let reader: Reader

    init(_ exchange: Exchange) {
        reader = Reader(.exchange(exchange))
    }

    /// A body whose bytes are there already, for clients that are not `CurlClient`.
    package init(bytes: [UInt8]) {
        reader = Reader(.bytes(bytes))
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader) }

    /// Gives the chunks; none is empty.
    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let reader: Reader
        private var isAtEnd = false

        fileprivate init(reader: Reader) { self.reader = reader }

        package mutating func next() async throws -> [UInt8]? { try await nextChunk() }

        /// The next chunk, nil at the end.
        package mutating func nextChunk() async throws(HTTPTransportError) -> [UInt8]? {
            if isAtEnd { return nil }
            switch reader.source {
            case .bytes(let bytes):
                isAtEnd = true
                return bytes.isEmpty ? nil : bytes
            case .exchange(let exchange):
                let chunk = try await exchange.nextChunk()
                if chunk == nil { isAtEnd = true }
                return chunk
            }
        }
    }

    /// Reads to the end.
    /// - Throws: code `tooLarge` as soon as there are more than `limit` bytes, without keeping them.
    package func collect(upTo limit: Int) async throws(HTTPTransportError) -> [UInt8] {
        var collected: [UInt8] = []
        var iterator = makeAsyncIterator()
        while let chunk = try await iterator.nextChunk() {
            guard chunk.count <= limit - collected.count else {
                if case .exchange(let exchange) = reader.source {
                    exchange.cancel()
                    throw HTTPTransportError(
                        .tooLarge, "the response body is larger than \(limit) bytes", endpoint: exchange.target.endpoint
                    )
                }
                throw HTTPTransportError(.tooLarge, "the response body is larger than \(limit) bytes", endpoint: nil)
            }
            if collected.isEmpty { collected = chunk } else { collected += chunk }
        }
        return collected
    }
}
