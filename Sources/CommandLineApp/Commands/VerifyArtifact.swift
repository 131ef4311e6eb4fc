internal import CommandLineParsing
internal import Core
internal import Cryptography
internal import OCI
internal import RegistryClient
internal import Verification

/// `sourcectl verify artifact`: looks for a signature that counts, with the controller's own verifiers.
struct VerifyArtifact: Command {
    private static let keys = Flag.strings(
        "key", placeholder: "file",
        help:
            "PEM file with a public key that may have signed; repeatable. The log is not asked, unless --trusted-root is given"
    )

    let path = ["verify", "artifact"]
    let usage =
        "oci://<repository>[:<tag>][@<digest>] (--key <file> | --certificate-identity <identity> --certificate-oidc-issuer <url> | --trust-policy <file>)"
    let summary = "Verify the signature of an artifact"

    var flags: FlagSet {
        var flags = FlagSet()
        flags.add(Self.keys)
        flags.add(SignerFlags.identity)
        flags.add(SignerFlags.identityPattern)
        flags.add(SignerFlags.issuer)
        flags.add(SignerFlags.issuerPattern)
        flags.add(SignerFlags.trustedRoot)
        flags.add(NotationFlags.policy)
        flags.add(NotationFlags.certificates)
        RegistryFlags.add(to: &flags)
        return flags
    }

    func run(_ flags: ParsedFlags, _ context: CommandContext) async throws {
        let reference = try flags.artifact()
        let method = try await method(flags, context)
        let repository = try await RegistryFlags.repository(reference.repository, flags, context)
        // The bytes, not what a header says of them: the digest that is verified is the one that was seen.
        let manifest = try await repository.fetchManifest(reference.manifest).descriptor
        let name = "\(reference.repository)@\(manifest.digest)"
        context.note("verifying \(name)")
        do {
            switch method {
            case .cosign(let policy, let trust):
                let verified = try await CosignVerifier(policy: policy, trust: trust)
                    .verify(manifest.digest, reference: name, in: repository)
                context.succeed("verified \(name): \(verified)")
            case .notation(let verifier):
                let verdict = try await verifier.verify(manifest, repository: reference.repository, in: repository)
                for finding in verdict.logged {
                    context.note("only logged: \(RemoteText.printable(finding.description, limit: 1000))")
                }
                guard case .verified = verdict.result else { throw CommandFailure("not verified: \(verdict)") }
                context.succeed("verified \(name): \(verdict)")
            }
        } catch let error as VerificationError {
            throw Self.refusal(error, name)
        }
    }

    /// How signatures are judged.
    private enum Method {
        case cosign(SignaturePolicy, TrustedRoot?)
        case notation(NotationVerifier)
    }

    private func method(_ flags: ParsedFlags, _ context: CommandContext) async throws -> Method {
        if let verifier = try await NotationFlags.verifier(flags, context) {
            let matcher = try SignerFlags.matcher(flags)
            guard matcher == nil, flags[Self.keys].isEmpty, !flags.isGiven(SignerFlags.trustedRoot) else {
                throw CommandLineError(
                    .arguments,
                    "--trust-policy says who may have signed: it excludes --key, --certificate-... and --trusted-root")
            }
            return .notation(verifier)
        }
        let (policy, trust) = try await policy(flags)
        return .cosign(policy, trust)
    }

    private func policy(_ flags: ParsedFlags) async throws -> (policy: SignaturePolicy, trust: TrustedRoot?) {
        switch (try SignerFlags.matcher(flags), flags[Self.keys].isEmpty) {
        case (let matcher?, true):
            return (try SignaturePolicy(identities: [matcher]), try await SignerFlags.trust(flags))
        case (nil, false):
            var keys: [PublicKey] = []
            for path in flags[Self.keys] { keys.append(try await KeyFile.publicKey(path, of: "--key")) }
            var policy = try SignaturePolicy(keys: keys)
            guard flags.isGiven(SignerFlags.trustedRoot) else { return (policy, nil) }
            policy.logThreshold = 1
            return (policy, try await SignerFlags.trust(flags))
        case (.some, false):
            throw CommandLineError(
                .arguments,
                "--key and --certificate-identity exclude each other: say either which keys or which identity may have signed"
            )
        case (nil, true):
            throw CommandLineError(
                .arguments,
                "say who may have signed: either --key, or --certificate-identity(-regexp) and --certificate-oidc-issuer(-regexp), or --trust-policy"
            )
        }
    }

    /// One line for each signature that was found.
    private static func refusal(_ error: VerificationError, _ name: String) -> CommandFailure {
        guard error.code == .noMatchingSignature, !error.findings.isEmpty else {
            return CommandFailure("refused: \(error.message)")
        }
        var lines = ["refused: no signature of '\(name)' counts:"]
        lines += error.findings.map { "  - \(RemoteText.printable($0.description, limit: 1000))" }
        if error.skipped > 0 { lines.append("  - \(error.skipped) more were not looked at") }
        return CommandFailure(lines.joined(separator: "\n"))
    }
}
