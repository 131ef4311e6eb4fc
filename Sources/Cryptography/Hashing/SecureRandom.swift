internal import COpenSSL
internal import Core

/// Random bytes that nobody can predict, from OpenSSL's generator.
package enum SecureRandom {
    /// `count` random bytes.
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= Int(Int32.max), "a count of random bytes")
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            guard count > 0 else { return }
            let status = unsafe RAND_bytes(buffer.baseAddress, Int32(count))
            // Going on with guessable bytes would be worse than ending.
            precondition(status == 1, "OpenSSL's random generator failed")
            written = count
        }
    }

    /// A random UUID (RFC 9562, version 4) in lower case.
    package static func uuid() -> String {
        var bytes = bytes(16)
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        return [bytes[0..<4], bytes[4..<6], bytes[6..<8], bytes[8..<10], bytes[10..<16]]
            .map { Hexadecimal.encode($0) }.joined(separator: "-")
    }
}
