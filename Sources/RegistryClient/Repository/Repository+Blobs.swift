package import Core
internal import HTTPTransport
package import OCI

extension Repository: BlobFetching {
    /// A blob of at most `limit` bytes in memory.
    package func fetchBlob(_ descriptor: Descriptor, limit: Int) async throws -> [UInt8] {
        guard descriptor.size <= Int64(limit) else {
            throw failure(
                .tooLarge, action("read", "blob \(descriptor.digest)"),
                "it has \(descriptor.size) bytes, more than the limit of \(limit)")
        }
        var bytes: [UInt8] = []
        var chunks = try await blob(descriptor).makeAsyncIterator()
        while let chunk = try await chunks.nextChunk() { bytes += chunk }
        return bytes
    }

    /// A blob as a stream that throws in place of its end unless the bytes were the descriptor's.
    package func streamBlob(_ descriptor: Descriptor) async throws -> any AsyncSequence<[UInt8], any Error> & Sendable {
        try await blob(descriptor)
    }

    /// Blobs of more bytes are downloaded over a connection of their own; smaller ones share that of everything else.
    private static let bulkSize: Int64 = 1 << 20

    private func blob(_ descriptor: Descriptor) async throws(RegistryError) -> VerifiedBlob {
        let action = action("download", "blob \(descriptor.digest)")
        let begin = shared.time.uptime
        let response = try await exchanger.send(
            RegistryRequest(
                target: .path(path("blobs/\(descriptor.digest)")), headers: ["Accept": "*/*"], scope: readScope,
                isBulk: descriptor.size > Self.bulkSize, action: action))
        let blob = VerifiedBlob(
            body: response.body, descriptor: descriptor, action: action, registry: reference.registry,
            deadline: deadline, begin: begin, shared: shared)
        if let text = response.headers["Content-Length"], let length = Int64(text), length != descriptor.size {
            throw blob.sizeMismatch("the registry announces \(length)", isRetryable: false)
        }
        return blob
    }

    /// Whether the repository has the blob.
    package func hasBlob(_ digest: Digest) async throws(RegistryError) -> Bool {
        let response = try await exchanger.send(
            RegistryRequest(
                method: "HEAD", target: .path(path("blobs/\(digest)")), scope: writeScope, accepted: [404],
                action: action("look for", "blob \(digest)")))
        _ = try? await response.body.collect(upTo: 0)
        return response.status != 404
    }
}
