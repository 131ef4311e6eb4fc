internal import CommandLineParsing
internal import Core
internal import Cryptography
internal import OCI
internal import RegistryClient
internal import Verification

/// `sourcectl sign artifact`: signs an artifact with a private key and stores the signature beside it.
struct SignArtifact: Command {
    private static let key = Flag.string(
        "key", placeholder: "file",
        help:
            "PEM file with the private key, plain or encrypted by cosign; its password is COSIGN_PASSWORD or asked for (required)"
    )
    private static let legacy = Flag.bool(
        "legacy", help: "store the signature as cosign 2 does, under the tag sha256-<hex>.sig")

    let path = ["sign", "artifact"]
    let usage = "oci://<repository>[:<tag>][@<digest>] --key <file>"
    let summary = "Sign an artifact with a private key"

    var flags: FlagSet {
        var flags = FlagSet()
        flags.add(Self.key)
        flags.add(Self.legacy)
        RegistryFlags.add(to: &flags)
        return flags
    }

    func run(_ flags: ParsedFlags, _ context: CommandContext) async throws {
        let reference = try flags.artifact()
        guard !flags[Self.key].isEmpty else { throw CommandLineError(.missingValue, "--key is required") }
        let key = try await KeyFile.privateKey(flags[Self.key], of: "--key", context)
        let repository = try await RegistryFlags.repository(reference.repository, flags, context)
        // The bytes, not what a header says of them: only what was seen is signed.
        let subject = try await repository.fetchManifest(reference.manifest).descriptor
        let name = "\(reference.repository)@\(subject.digest)"
        context.note("signing \(name) with key \(key.publicKey.fingerprint)")
        let publisher = SignaturePublisher(repository: repository, signer: ArtifactSigner(key: key))
        if flags[Self.legacy] {
            switch try await publisher.publishLegacy(subject) {
            case .existed(let tag): context.succeed("\(name) was already signed with this key under the tag \(tag)")
            case .added(let tag): context.succeed("\(name) signed; the signature is under the tag \(tag)")
            }
        } else {
            let (signature, mode) = try await publisher.publishBundle(subject, created: context.time.now)
            if case .tag(let tag) = mode {
                context.note("the registry does not list referrers by itself: the tag \(tag) does")
            }
            context.succeed("\(name) signed; the signature is \(reference.repository)@\(signature.digest)")
        }
    }
}
