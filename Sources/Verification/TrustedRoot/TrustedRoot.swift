package import Core
package import Cryptography

/// What is trusted of a Sigstore instance: its logs and authorities, each with the time it is trusted for.
package struct TrustedRoot: Sendable {
    /// Times at which a key or authority is trusted, both ends included.
    package struct Window: Sendable, Hashable {
        package let start: Timestamp?
        package let end: Timestamp?

        /// Whether `time` is within.
        func contains(_ time: Timestamp) -> Bool {
            if let start, time < start { return false }
            if let end, time > end { return false }
            return true
        }
    }

    /// A transparency log (Rekor) or certificate log (CT).
    package struct Log: Sendable {
        package let baseURL: String
        /// The bytes that entries name the log by.
        package let id: [UInt8]
        /// The four bytes that the log's signature lines in checkpoints begin with.
        let checkpointHint: [UInt8]
        package let key: PublicKey
        package let window: Window
        /// Who runs it; two services of one operator count once. The log itself where the root does not say.
        let party: String

        /// The host of the base URL, without a port; nil when there is none.
        var hostname: String? { URLHost.hostname(of: baseURL) }
    }

    /// An authority that issues certificates to signers (Fulcio).
    package struct CertificateAuthority: Sendable {
        package let uri: String
        let intermediates: [Certificate]
        /// The end of every path; may itself be issued by somebody else.
        let anchor: Certificate
        package let window: Window
    }

    /// An authority that states times (RFC 3161).
    package struct TimestampAuthority: Sendable {
        package let uri: String
        /// The certificate that must have signed, if the root names it.
        let signer: Certificate?
        let intermediates: [Certificate]
        let anchor: Certificate
        package let window: Window
        let party: String
    }

    package let logs: [Log]
    package let certificateLogs: [Log]
    package let certificateAuthorities: [CertificateAuthority]
    package let timestampAuthorities: [TimestampAuthority]
    /// SHA-256 of the file: verdicts that rest on it are void once it changes.
    package let digest: Digest
}

/// The host of a URL, read without interpreting anything else.
enum URLHost {
    /// The lower-case host of `scheme://[userinfo@]host[:port]/…`; nil when there is none.
    static func hostname(of url: String) -> String? {
        let bytes = Array(url.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes.dropFirst(colon).starts(with: "://".utf8)
        else {
            return nil
        }
        var authority = bytes[(colon + 3)...].prefix { !"/?#".utf8.contains($0) }
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) { authority = authority[(at + 1)...] }
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            authority = authority[(authority.startIndex + 1)..<end]
        } else {
            authority = authority.prefix { $0 != UInt8(ascii: ":") }
        }
        return authority.isEmpty ? nil : String(decoding: authority, as: UTF8.self).lowercased()
    }
}
