internal import CommandLineParsing
internal import Core
internal import HTTPTransport
internal import RevocationClient
internal import Verification

/// The flags for signatures of the Notary Project.
enum NotationFlags {
    static let policy = Flag.string(
        "trust-policy", placeholder: "file", help: "look for Notation signatures, by this trust policy document")
    static let certificates = Flag.strings(
        "trust-certificate", placeholder: "file",
        help:
            "with --trust-policy: certificates to trust, PEM or DER; <type>.<store>.crt is for that trust store alone; repeatable"
    )

    private static let maximumPolicy = 1 << 20
    private static let maximumCertificates = 1 << 20

    /// A verifier by the trust policy; nil when the flags name none.
    static func verifier(_ flags: ParsedFlags, _ context: CommandContext) async throws -> NotationVerifier? {
        guard flags.isGiven(policy) else {
            guard flags[certificates].isEmpty else {
                throw CommandLineError(.arguments, "--trust-certificate is for --trust-policy")
            }
            return nil
        }
        let document = try await InputFile.contents(flags[policy], of: "--trust-policy", limit: maximumPolicy)
        var files: [(name: String, bytes: [UInt8])] = []
        for path in flags[certificates] {
            let bytes = try await InputFile.contents(path, of: "--trust-certificate", limit: maximumCertificates)
            files.append((String(path.split(separator: "/").last ?? ""), bytes))
        }
        var connection = ConnectionPolicy()
        connection.proxy = .environment(ProxyEnvironment { context.environment[$0] })
        return NotationVerifier(
            trust: try NotationTrust(
                trustPolicy: document, certificates: files, whenEmpty: "name a file with --trust-certificate"),
            revocation: RevocationClient(http: CurlClient()).fetching(over: connection), time: context.time)
    }
}
