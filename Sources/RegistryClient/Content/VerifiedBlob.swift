internal import Core
internal import Cryptography
internal import HTTPTransport
internal import OCI

/// A blob's bytes as they come, counted and hashed: it throws `RegistryError` in place of its end unless they are exactly
/// the descriptor's. For one consumer.
struct VerifiedBlob: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    typealias Failure = any Error

    let body: HTTPBody
    let descriptor: Descriptor
    let action: String
    let registry: String
    let deadline: Deadline
    /// When it was asked for, on the time source's uptime.
    let begin: Duration
    let shared: SharedState

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(blob: self) }

    struct AsyncIterator: AsyncIteratorProtocol {
        private let blob: VerifiedBlob
        private var chunks: HTTPBody.AsyncIterator
        private let digest: RunningDigest
        private var pace: DownloadPace
        private var received: Int64 = 0
        private var isAtEnd = false

        init(blob: VerifiedBlob) {
            self.blob = blob
            chunks = blob.body.makeAsyncIterator()
            digest = RunningDigest(blob.descriptor.digest.algorithm)
            pace = DownloadPace(
                minimum: blob.shared.configuration.minimumDownloadRate,
                window: blob.shared.configuration.downloadRateWindow)
        }

        mutating func next() async throws -> [UInt8]? {
            try await nextChunk()
        }

        mutating func nextChunk() async throws(RegistryError) -> [UInt8]? {
            if isAtEnd { return nil }
            let chunk: [UInt8]?
            let begin = blob.shared.time.uptime
            do {
                chunk = try await chunks.nextChunk()
            } catch {
                if Task.isCancelled { throw .cancelled(blob.action) }
                guard error.code != .timeout || blob.deadline.remaining != .zero else {
                    throw blob.deadline.expired(blob.action)
                }
                throw RegistryError(
                    error, while: "\(blob.action): in the middle",
                    particulars: "after \(received) of \(blob.descriptor.size) bytes", endpoint: blob.registry,
                    // The connection stood: there is nothing to advise about how it is made.
                    advice: RegistryAdvice())
            }
            guard let chunk else {
                isAtEnd = true
                guard received == blob.descriptor.size else {
                    throw blob.sizeMismatch(
                        "it ended before that", particulars: "after \(received) bytes", isRetryable: true)
                }
                let found = digest.finish()
                guard found == blob.descriptor.digest else {
                    throw RegistryError(
                        .digestMismatch,
                        "\(blob.action): the registry sent other bytes: their digest is \(found); the content was damaged or swapped",
                        endpoint: blob.registry)
                }
                blob.shared.metrics.countDownload(
                    host: blob.registry, took: blob.shared.time.uptime - blob.begin)
                return nil
            }
            received += Int64(chunk.count)
            blob.shared.metrics.countReceived(host: blob.registry, bytes: chunk.count)
            guard received <= blob.descriptor.size else {
                isAtEnd = true
                throw blob.sizeMismatch("it goes on after them", isRetryable: false)
            }
            let shortfall = pace.record(chunk.count, waited: blob.shared.time.uptime - begin)
            // What is there is taken, however long it took.
            if let shortfall, received < blob.descriptor.size {
                isAtEnd = true
                throw blob.tooSlow(shortfall)
            }
            digest.update(chunk)
            return chunk
        }
    }

    private func tooSlow(_ shortfall: DownloadPace.Shortfall) -> RegistryError {
        RegistryError(
            .tooSlow,
            "\(action): it came slower than the limit of \(shared.configuration.minimumDownloadRate) bytes/s "
                + "(--download-rate-minimum); look at the registry and the line to it, or lower the limit",
            particulars: "\(shortfall.bytesPerSecond) bytes/s over \(shortfall.seconds)s", endpoint: registry)
    }

    func sizeMismatch(_ what: String, particulars: String? = nil, isRetryable: Bool) -> RegistryError {
        RegistryError(
            .sizeMismatch, "\(action): the manifest says it has \(descriptor.size) bytes, but \(what)",
            particulars: particulars, endpoint: registry, isRetryable: isRetryable)
    }
}

/// A hash that an iterator can carry: iterators are copied, hashes are not.
private final class RunningDigest {
    private var digest: StreamingDigest

    init(_ algorithm: Digest.Algorithm) { digest = StreamingDigest(algorithm) }

    func update(_ bytes: [UInt8]) { digest.update(bytes) }

    func finish() -> Digest { digest.current() }
}
