internal import COpenSSL
package import Core

/// A hash over bytes that come in pieces. Updating allocates nothing.
@safe
package struct StreamingDigest: ~Copyable, @unchecked Sendable {
    package let algorithm: Digest.Algorithm
    private let context: OpaquePointer

    /// An empty hash.
    package init(_ algorithm: Digest.Algorithm = .sha256) {
        self.algorithm = algorithm
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory for a hash context") }
        unsafe self.context = context
        let status = unsafe EVP_DigestInit_ex2(context, HashFunction.of(algorithm).method, nil)
        precondition(status == 1, "OpenSSL cannot start a \(algorithm) hash")
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Hashes `bytes` after everything before.
    package mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe update($0) }
    }

    /// Hashes `bytes` after everything before.
    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { unsafe update($0) }
    }

    /// Hashes `bytes` after everything before.
    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe update($0) }
    }

    /// Hashes `bytes` after everything before; for the wrappers of other C libraries.
    @unsafe
    package mutating func update(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        let status = unsafe EVP_DigestUpdate(context, start, bytes.count)
        precondition(status == 1, "OpenSSL cannot continue a \(algorithm) hash")
    }

    /// The digest of everything given so far; the hash goes on.
    package func current() -> Digest {
        guard let copy = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory for a hash context") }
        defer { unsafe EVP_MD_CTX_free(copy) }
        let status = unsafe EVP_MD_CTX_copy_ex(copy, context)
        precondition(status == 1, "OpenSSL cannot copy a \(algorithm) hash")
        return unsafe Self.finish(copy, algorithm)
    }

    /// The digest of everything given.
    package consuming func finalize() -> Digest {
        unsafe Self.finish(context, algorithm)
    }

    private static func finish(_ context: OpaquePointer, _ algorithm: Digest.Algorithm) -> Digest {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: algorithm.byteCount) { buffer, count in
            var written: UInt32 = 0
            let status = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, &written)
            precondition(status == 1 && Int(written) == algorithm.byteCount, "OpenSSL cannot finish a hash")
            count = Int(written)
        }
        return Digest(algorithm: algorithm, bytes: bytes)
    }
}

extension Digest {
    /// The digest of `bytes`.
    package static func of(_ bytes: [UInt8], _ algorithm: Algorithm = .sha256) -> Digest {
        var digest = StreamingDigest(algorithm)
        digest.update(bytes)
        return digest.finalize()
    }

    /// The digest of `bytes`.
    package static func of(_ bytes: Span<UInt8>, _ algorithm: Algorithm = .sha256) -> Digest {
        var digest = StreamingDigest(algorithm)
        digest.update(bytes)
        return digest.finalize()
    }

    /// The digest of `text`'s UTF-8.
    package static func of(_ text: String, _ algorithm: Algorithm = .sha256) -> Digest {
        of(Array(text.utf8), algorithm)
    }
}

/// Whether two secrets are the same, in a time that depends on their lengths only.
package func constantTimeEquals(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    return unsafe one.withUnsafeBytes { first in
        unsafe other.withUnsafeBytes { second in
            unsafe CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
        }
    }
}
