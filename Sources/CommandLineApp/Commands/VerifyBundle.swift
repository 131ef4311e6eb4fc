internal import CommandLineParsing
internal import Core
internal import Cryptography
internal import Verification

/// `sourcectl verify-bundle`: verifies a file by a Sigstore bundle, without a network; the client of the Sigstore
/// conformance suite (`docs/cli_protocol.md` there).
struct VerifyBundle: Command {
    private static let bundle = Flag.string("bundle", placeholder: "file", help: "the Sigstore bundle (required)")
    private static let key = Flag.string(
        "key", placeholder: "file", help: "PEM file with the public key that must have signed")
    private static let ignoresLog = Flag.bool(
        "insecure-ignore-tlog", help: "with --key: accept a signature that is in no transparency log")

    let path = ["verify-bundle"]
    let usage =
        "--bundle <file> (--certificate-identity <identity> --certificate-oidc-issuer <url> | --key <file>) <file or digest>"
    let summary = "Verify a file by a Sigstore bundle"

    var flags: FlagSet {
        var flags = FlagSet()
        flags.add(Self.bundle)
        flags.add(SignerFlags.identity)
        flags.add(SignerFlags.issuer)
        flags.add(Self.key)
        flags.add(SignerFlags.trustedRoot)
        flags.add(Self.ignoresLog)
        return flags
    }

    func run(_ flags: ParsedFlags, _ context: CommandContext) async throws {
        let name = try flags.onlyArgument("file or digest")
        guard !flags[Self.bundle].isEmpty else { throw CommandLineError(.missingValue, "--bundle is required") }
        let policy = try await policy(flags)
        let trust = try await SignerFlags.trust(flags)
        let artifact = try await artifact(name)
        let bytes = try await InputFile.contents(flags[Self.bundle], of: "--bundle", limit: Bundle.maximumSize)
        let verified: VerifiedSignature
        do throws(Rejection) {
            verified = try BundleVerifier(policy: policy, trust: trust).verify(
                Bundle(parsing: bytes), artifact: artifact)
        } catch {
            throw CommandFailure("refused: \(error.message)")
        }
        context.succeed("verified: \(verified)")
    }

    private func policy(_ flags: ParsedFlags) async throws -> SignaturePolicy {
        var policy: SignaturePolicy
        switch (try SignerFlags.matcher(flags), flags.isGiven(Self.key)) {
        case (let matcher?, false):
            guard !flags[Self.ignoresLog] else {
                throw CommandLineError(.arguments, "--insecure-ignore-tlog is for --key: certificates need the log")
            }
            policy = try SignaturePolicy(identities: [matcher])
        case (nil, true):
            policy = try SignaturePolicy(keys: [try await KeyFile.publicKey(flags[Self.key], of: "--key")])
            policy.logThreshold = flags[Self.ignoresLog] ? 0 : 1
        case (.some, true):
            throw CommandLineError(
                .arguments,
                "--key and --certificate-identity exclude each other: a bundle is signed by a key or by an identity")
        case (nil, false):
            throw CommandLineError(
                .arguments,
                "say who must have signed: either --certificate-identity and --certificate-oidc-issuer, or --key")
        }
        // Whatever is stated about the file: this judges bundles, not signatures of artifacts alone.
        policy.statements = .any
        return policy
    }

    private func artifact(_ name: String) async throws -> SignedArtifact {
        if let digests = try await InputFile.digests(name) { return .digests(digests) }
        guard let digest = try? Digest(parsing: name) else {
            throw CommandLineError(
                .arguments,
                "there is no file '\(RemoteText.printable(name, limit: 200))', and it is no digest (sha256:<hex>)")
        }
        return .digest(digest)
    }
}
