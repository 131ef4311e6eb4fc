internal import COpenSSL
internal import Core

/// Parsed certificates, in the order of their PEM text.
///
/// Immutable after `init`; OpenSSL counts the references of certificates itself, so sharing one between threads is safe.
@safe
final class CertificateList: @unchecked Sendable {
    /// The most certificates accepted in one text.
    static let maximumCount = 1000

    private let certificates: [OpaquePointer]

    /// Parses every certificate in `pem`; other blocks are skipped.
    /// - Throws: an error that calls the text `name`, when there is no certificate in it or a broken one.
    init(pem: [UInt8], name: String) throws(TLSPolicyError) {
        guard pem.count <= TLSIdentity.maximumSize else {
            throw TLSPolicyError(message: "\(name) is larger than \(TLSIdentity.maximumSize) bytes")
        }
        var problem: String?
        let parsed = unsafe Self.parse(pem, problem: &problem)
        if let problem {
            unsafe parsed.forEach { unsafe X509_free($0) }
            throw TLSPolicyError(message: "\(name) \(problem)")
        }
        unsafe certificates = parsed
    }

    /// The certificates of several texts, broken ones left out: for the system's own.
    init(lenient texts: [[UInt8]]) {
        var problem: String?
        var all: [OpaquePointer] = unsafe []
        for text in texts { unsafe all += unsafe Self.parse(text, problem: &problem) }
        unsafe certificates = all
    }

    deinit {
        unsafe certificates.forEach { unsafe X509_free($0) }
    }

    var count: Int { unsafe certificates.count }

    /// Calls `body` for each certificate; the pointer is valid during the call.
    func forEach(_ body: (OpaquePointer) -> Void) {
        unsafe certificates.forEach { unsafe body($0) }
    }

    /// Calls `body` with the first certificate, of which there always is one if the list was parsed strictly.
    func withFirst<Result>(_ body: (OpaquePointer) -> Result) -> Result? {
        unsafe certificates.first.map { unsafe body($0) }
    }

    private static func parse(_ pem: [UInt8], problem: inout String?) -> [OpaquePointer] {
        return unsafe pem.withUnsafeBytes { bytes in
            var parsed: [OpaquePointer] = unsafe []
            guard let source = unsafe BIO_new_mem_buf(bytes.baseAddress, CInt(clamping: bytes.count)) else {
                problem = "cannot be read: out of memory"
                return unsafe parsed
            }
            defer { unsafe BIO_free(source) }
            ERR_clear_error()
            while unsafe parsed.count < maximumCount, let certificate = unsafe PEM_read_bio_X509(source, nil, nil, nil)
            {
                unsafe parsed.append(certificate)
            }
            let reason = ERR_peek_last_error()
            ERR_clear_error()
            if unsafe parsed.count == maximumCount {
                problem = "has \(maximumCount) certificates or more"
            } else if reason != 0, !OpenSSLReason.isEndOfPEM(reason) {
                problem = "has a certificate that cannot be parsed (number \(unsafe parsed.count + 1))"
            } else if unsafe parsed.isEmpty {
                problem = "has no PEM block BEGIN CERTIFICATE"
            }
            return unsafe parsed
        }
    }
}

/// What an OpenSSL error code says.
enum OpenSSLReason {
    /// Whether the PEM reader found no further block.
    static func isEndOfPEM(_ code: UInt) -> Bool {
        // ERR_GET_LIB and ERR_GET_REASON: a system error has the top bit set and is neither.
        code & 0x8000_0000 == 0 && (code >> 23) & 0xFF == UInt(ERR_LIB_PEM)
            && code & 0x7F_FFFF == UInt(PEM_R_NO_START_LINE)
    }
}
