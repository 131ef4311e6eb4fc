internal import Cryptography

/// The certificates that are trusted, by the store they are in.
struct TrustStores: Sendable {
    /// Certificates in all stores together.
    private static let maximumCertificates = 512

    private var named: [TrustStoreName: [Certificate]] = [:]
    /// In every store.
    private var everywhere: [Certificate] = []

    /// Reads the values of a Secret: every PEM block of each, or one DER certificate.
    ///
    /// A value whose key is `<type>.<name>.crt` (or `.pem`) with the type `ca`, `signingAuthority` or `tsa` is in that store
    /// alone: `ca.acme.crt` is in `ca:acme`. Other keys, such as `notation.crt`, are in every store, as upstream has it.
    /// - Parameter advice: what to do where there is no certificate.
    /// - Throws: `Rejection` (`.malformed`) naming the key, also when there is no certificate at all.
    init(
        _ values: [(key: String, bytes: [UInt8])], whenEmpty advice: String
    ) throws(Rejection) {
        var count = 0
        for (key, bytes) in values {
            let certificates: [Certificate]
            do {
                certificates = try Self.certificates(bytes)
            } catch {
                throw Rejection(
                    .malformed, "the value of '\(shown(key, limit: 80))' holds no usable certificates: \(error.message)"
                )
            }
            count += certificates.count
            if let store = Self.store(of: key) {
                named[store, default: []] += certificates
            } else {
                everywhere += certificates
            }
        }
        guard count > 0 else {  // check: trust-some-certificate
            throw Rejection(.malformed, "there is no certificate; \(advice)")
        }
        guard count <= Self.maximumCertificates else {  // check: trust-store-limit
            throw Rejection(.malformed, "there are \(count) certificates, more than \(Self.maximumCertificates)")
        }
    }

    /// The certificates of a store.
    func certificates(in store: TrustStoreName) -> [Certificate] { named[store, default: []] + everywhere }

    /// The store that a key of a Secret names; nil for every store.
    static func store(of key: String) -> TrustStoreName? {
        guard isCertificate(key) else { return nil }
        let parts = key.dropLast(4).split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let type = TrustStoreType(rawValue: String(parts[0])), TrustStoreName.isName(parts[1])
        else { return nil }
        return TrustStoreName(type, String(parts[1]))
    }

    /// Whether a key of a Secret is one of a certificate.
    static func isCertificate(_ key: String) -> Bool { key.hasSuffix(".crt") || key.hasSuffix(".pem") }

    private static func certificates(_ bytes: [UInt8]) throws(CryptographyError) -> [Certificate] {
        // A SEQUENCE cannot be the beginning of a PEM text.
        if bytes.first == DERTag.sequence { return [try Certificate(der: bytes)] }
        return try Certificate.all(inPEM: bytes, limit: 256)
    }
}
