internal import CommandLineParsing
internal import Core
internal import Cryptography
internal import RegularExpressions
internal import Verification

/// The flags that say who may have signed, shared by the commands that verify.
enum SignerFlags {
    static let identity = Flag.string(
        "certificate-identity", help: "the signer in the certificate, exactly: a URI or an e-mail address")
    static let issuer = Flag.string(
        "certificate-oidc-issuer", placeholder: "url", help: "who vouched for the signer, exactly")
    static let identityPattern = Flag.string(
        "certificate-identity-regexp", placeholder: "regexp",
        help: "RE2 expression that matches some part of the signer; anchor it with ^ and $")
    static let issuerPattern = Flag.string(
        "certificate-oidc-issuer-regexp", placeholder: "regexp",
        help: "RE2 expression that matches some part of the issuer; anchor it with ^ and $")
    static let trustedRoot = Flag.string(
        "trusted-root", placeholder: "file",
        help: "a Sigstore instance's trusted_root.json. Without: that of the public instance, as carried")

    private static let maximumTrustedRoot = 1 << 20

    /// The signer that the identity flags name; nil when none is given.
    /// - Throws: `CommandLineError` for half a signer, or one that is named twice.
    static func matcher(_ flags: ParsedFlags) throws(CommandLineError) -> IdentityMatcher? {
        guard [identity, issuer, identityPattern, issuerPattern].contains(where: { flags.isGiven($0) }) else {
            return nil
        }
        return IdentityMatcher(
            issuer: try condition(issuer, issuerPattern, flags),
            subject: try condition(identity, identityPattern, flags))
    }

    private static func condition(
        _ exact: Flag<String>, _ pattern: Flag<String>, _ flags: ParsedFlags
    ) throws(CommandLineError) -> IdentityMatcher.Condition {
        let (exactName, patternName) = ("--\(exact.definition.name)", "--\(pattern.definition.name)")
        if flags.isGiven(exact), flags.isGiven(pattern) {
            throw CommandLineError(.arguments, "\(exactName) and \(patternName) exclude each other")
        }
        if !flags[exact].isEmpty { return .exact(flags[exact]) }
        guard !flags[pattern].isEmpty else {
            let choice = pattern.definition.name == issuerPattern.definition.name ? "issuer" : "identity"
            throw CommandLineError(
                .missingValue, "the signer's \(choice) is missing or empty: give \(exactName) or \(patternName)")
        }
        do {
            return .pattern(try RegularExpression(flags[pattern]))
        } catch {
            throw CommandLineError(.invalidValue, "invalid value for \(patternName): \(error)")
        }
    }

    /// The trusted root that the flag names, else the one of the public instance that the program carries.
    static func trust(_ flags: ParsedFlags) async throws -> TrustedRoot {
        guard flags.isGiven(trustedRoot) else { return try TrustedRoot(parsing: PublicGoodInstance.trustedRoot) }
        let path = flags[trustedRoot]
        let bytes = try await InputFile.contents(path, of: "--trusted-root", limit: maximumTrustedRoot)
        do throws(VerificationError) {
            return try TrustedRoot(parsing: bytes)
        } catch {
            throw CommandFailure("--trusted-root '\(path)': \(error.message)")
        }
    }
}
