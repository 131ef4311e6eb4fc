internal import Core

/// What the signer of an envelope states and signs beside the payload (Notary Project signature specification, "Signed
/// attributes").
struct NotationAttributes: Sendable, Hashable {
    /// Where the time of signing comes from.
    enum Scheme: String, Sendable, Hashable {
        case x509 = "notary.x509"
        case signingAuthority = "notary.x509.signingAuthority"
    }

    /// Names of attributes in the protected header.
    enum Name {
        static let scheme = "io.cncf.notary.signingScheme"
        static let signingTime = "io.cncf.notary.signingTime"
        static let authenticSigningTime = "io.cncf.notary.authenticSigningTime"
        static let expiry = "io.cncf.notary.expiry"
        static let plugin = "io.cncf.notary.verificationPlugin"
        static let timestamp = "io.cncf.notary.timestampSignature"
    }

    /// The values as an envelope has them.
    struct Raw {
        /// Every name in the protected header.
        var names: Set<String> = []
        var critical: [String] = []
        var scheme: String?
        var signingTime: Timestamp?
        var authenticSigningTime: Timestamp?
        var expiry: Timestamp?
    }

    let scheme: Scheme
    /// When the signer says it signed: by itself no proof of anything.
    let signingTime: Timestamp?
    /// When the signing authority, which is trusted for it, says it signed; only of `.signingAuthority`.
    let authenticSigningTime: Timestamp?
    let expiry: Timestamp?

    /// Judges the attributes by themselves.
    /// - Throws: `Rejection` (`.malformed`, `.unsupported`).
    init(_ raw: Raw) throws(Rejection) {
        guard !raw.names.contains(Name.plugin) else {  // check: notation-plugin
            throw Rejection(
                .unsupported,
                "the signer demands a verification plugin ('\(Name.plugin)'), and plugins are not supported; "
                    + "sign without one")
        }
        guard let scheme = raw.scheme.flatMap({ Scheme(rawValue: $0) }) else {
            throw Rejection(.unsupported, "the signing scheme '\(shown(raw.scheme ?? ""))' is not supported")
        }
        try Self.verifyCritical(raw, scheme)
        let hasOwnTime = raw.signingTime != nil && scheme == .x509 || raw.authenticSigningTime != nil && scheme != .x509
        guard hasOwnTime else {  // check: notation-scheme-time
            throw Rejection(.malformed, "it lacks the time that its signing scheme needs")
        }
        let hasOtherTime = (scheme == .x509 ? raw.authenticSigningTime : raw.signingTime) != nil
        guard !hasOtherTime else {  // check: notation-scheme-other-time
            throw Rejection(.malformed, "it has a time that its signing scheme does not allow")
        }
        let signed = raw.signingTime ?? raw.authenticSigningTime ?? Timestamp(seconds: .max)
        let expiresLater = raw.expiry.map { $0 > signed } ?? true
        guard expiresLater else {  // check: notation-expiry-order
            throw Rejection(.malformed, "it expires before it was signed")
        }
        self.scheme = scheme
        (signingTime, authenticSigningTime, expiry) = (raw.signingTime, raw.authenticSigningTime, raw.expiry)
    }

    /// The rules of `crit` (RFC 7515, section 4.1.11; RFC 9052, section 3.1).
    private static func verifyCritical(_ raw: Raw, _ scheme: Scheme) throws(Rejection) {
        let critical = Set(raw.critical)
        guard critical.count == raw.critical.count else {  // check: notation-critical-twice
            throw Rejection(.malformed, "it names a critical attribute twice")
        }
        let understood: Set = [Name.scheme, Name.signingTime, Name.authenticSigningTime, Name.expiry]
        let unknown = raw.critical.first { !understood.contains($0) }
        guard unknown == nil else {  // check: notation-critical-unknown
            throw Rejection(.unsupported, "the critical attribute '\(shown(unknown ?? "", limit: 80))' is not known")
        }
        let absent = raw.critical.first { !raw.names.contains($0) }
        guard absent == nil else {  // check: notation-critical-absent
            throw Rejection(.malformed, "the critical attribute '\(shown(absent ?? "", limit: 80))' is not there")
        }
        var required: Set = [Name.scheme]
        if raw.expiry != nil { required.insert(Name.expiry) }
        if scheme == .signingAuthority { required.insert(Name.authenticSigningTime) }
        let missing = required.subtracting(critical).min()
        guard missing == nil else {  // check: notation-critical-required
            throw Rejection(.malformed, "the attribute '\(missing ?? "")' is not marked as critical")
        }
    }
}
