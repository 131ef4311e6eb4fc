internal import COpenSSL

/// SHA-1, for the names of certificates in OCSP (RFC 6960, section 4.1.1), which nothing rests on: the answer to a question
/// is signed with a stronger hash. Never for signatures.
enum SHA1 {
    static func hash(_ bytes: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 20) { buffer, count in
            var written: UInt32 = 0
            let status = unsafe bytes.withUnsafeBufferPointer { input in
                unsafe EVP_Digest(input.baseAddress, input.count, buffer.baseAddress, &written, EVP_sha1(), nil)
            }
            precondition(status == 1 && written == 20, "OpenSSL cannot hash with SHA-1")
            count = 20
        }
    }
}
