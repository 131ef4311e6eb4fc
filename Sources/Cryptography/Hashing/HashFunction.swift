internal import COpenSSL
internal import Core

/// OpenSSL's implementation of a hash, fetched once per process: fetching costs more than hashing a small text.
@safe
struct HashFunction: @unchecked Sendable {
    // Never freed: it lives as long as the process. OpenSSL's algorithm objects are immutable.
    let method: OpaquePointer

    private static let sha256 = HashFunction(fetching: "SHA256")
    private static let sha384 = HashFunction(fetching: "SHA384")
    private static let sha512 = HashFunction(fetching: "SHA512")

    private init(fetching name: String) {
        guard let method = unsafe EVP_MD_fetch(nil, name, nil) else {
            preconditionFailure("OpenSSL's default provider has no \(name)")
        }
        unsafe self.method = method
    }

    /// The implementation of `algorithm`.
    static func of(_ algorithm: Digest.Algorithm) -> HashFunction {
        switch algorithm {
        case .sha256: sha256
        case .sha384: sha384
        case .sha512: sha512
        }
    }

    /// OpenSSL's name of `algorithm`.
    static func name(of algorithm: Digest.Algorithm) -> String {
        switch algorithm {
        case .sha256: "SHA256"
        case .sha384: "SHA384"
        case .sha512: "SHA512"
        }
    }
}
