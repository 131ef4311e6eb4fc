import Core
import Foundation
import TestSupport
import Testing

/// Keyed verification on real parts: signatures by `openssl`, stored in a real registry, keys from a Secret.
@Suite(.serialized) struct SignatureTests {
    static func manifest(_ registry: DockerRegistry, tag: String) -> String {
        MainJobTests.manifest(
            registry, ref: "tag: \(tag)", extra: "verify: { provider: cosign, secretRef: { name: cosign-pub } }")
    }

    /// Pushes content under a tag and gives its digest.
    static func publish(_ text: String, _ registry: DockerRegistry, tag: String) async throws -> String {
        let output = try await push(try MainJobTests.content(text), to: "\(registry.address)/manifests/podinfo:\(tag)")
        guard let range = output.range(of: "sha256:[0-9a-f]{64}", options: .regularExpression) else {
            throw StandFailure(description: "no digest in: \(output)")
        }
        return String(output[range])
    }

    @Test func aSignedArtifactIsVerified() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        let signer = try await OpenSSLSigner()
        let digest = try await Self.publish("1", registry, tag: "1.0.0")
        try await signer.sign(digest, in: "manifests/podinfo", on: registry.address)
        _ = try await stand.kubectl(
            "create", "secret", "generic", "cosign-pub", "--from-file=cosign.pub=\(signer.publicKeyPath)")
        try await stand.apply(Self.manifest(registry, tag: "1.0.0"))
        let object = try await stand.wait(
            for: "podinfo", "SourceVerified", "True", containing: "verified signature of revision 1.0.0@\(digest)")
        let quote = Quote(
            #"verified signature of revision 1.0.0@sha256:6e157705..., signed by key sha256:652f6a16... (simple signing)"#
        )
        #expect(quote.matches(stand.message(of: object, "SourceVerified")))
        try await stand.wait(for: "podinfo", "Ready", "True")
    }

    @Test func anUnsignedArtifactIsNotStored() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        let signer = try await OpenSSLSigner()
        _ = try await Self.publish("1", registry, tag: "1.0.0")
        _ = try await stand.kubectl(
            "create", "secret", "generic", "cosign-pub", "--from-file=cosign.pub=\(signer.publicKeyPath)")
        try await stand.apply(Self.manifest(registry, tag: "1.0.0"))
        let object = try await stand.wait(
            for: "podinfo", "Ready", "False", containing: "failed to verify the signature using provider 'cosign'",
            reason: "VerificationError")
        #expect(object.member(at: "status", "artifact") == nil)
        try await stand.wait(
            for: "podinfo", "SourceVerified", "False", containing: "no matching signatures were found for")
    }

    @Test func aSignatureOfAnotherDigestDoesNotCount() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        let signer = try await OpenSSLSigner()
        let good = try await Self.publish("good", registry, tag: "1.0.0")
        let evil = try await Self.publish("evil", registry, tag: "2.0.0")
        // A genuine signature of the good artifact, copied to where that of the evil one would be.
        try await signer.sign(good, in: "manifests/podinfo", on: registry.address, as: evil)
        _ = try await stand.kubectl(
            "create", "secret", "generic", "cosign-pub", "--from-file=cosign.pub=\(signer.publicKeyPath)")
        try await stand.apply(Self.manifest(registry, tag: "2.0.0"))
        let object = try await stand.wait(for: "podinfo", "SourceVerified", "False", reason: "VerificationError")
        #expect(object.member(at: "status", "artifact") == nil)
    }

    @Test func aRotatedKeyIsNoticed() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        let signer = try await OpenSSLSigner(), other = try await OpenSSLSigner()
        let digest = try await Self.publish("1", registry, tag: "1.0.0")
        try await signer.sign(digest, in: "manifests/podinfo", on: registry.address)
        _ = try await stand.kubectl(
            "create", "secret", "generic", "cosign-pub", "--from-file=cosign.pub=\(signer.publicKeyPath)")
        try await stand.apply(Self.manifest(registry, tag: "1.0.0"))
        let before = try await stand.wait(for: "podinfo", "Ready", "True")
        _ = try await stand.kubectl("delete", "secret", "cosign-pub")
        _ = try await stand.kubectl(
            "create", "secret", "generic", "cosign-pub", "--from-file=cosign.pub=\(other.publicKeyPath)")
        _ = try await stand.kubectl("annotate", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=1")
        let after = try await stand.wait(for: "podinfo", "Ready", "False", reason: "VerificationError")
        let quote = Quote(
            #"...: signature 1 of the tag 'sha256-....sig': it is not signed with any of the accepted keys (tried ECDSA P-256 sha256:57308e20...)"#
        )
        #expect(quote.matches(stand.message(of: after)), "\(stand.message(of: after))")
        #expect(
            after.member(at: "status", "artifact") == before.member(at: "status", "artifact"),
            "the last good artifact stays served, as upstream")
    }

    /// `--serve-unverified-artifacts=false`: consumers are refused until the signature counts again, restart or not.
    @Test func anUnverifiedArtifactIsWithheld() async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand(arguments: ["--serve-unverified-artifacts=false"])
        let signer = try await OpenSSLSigner(), other = try await OpenSSLSigner()
        let digest = try await Self.publish("1", registry, tag: "1.0.0")
        try await signer.sign(digest, in: "manifests/podinfo", on: registry.address)
        func setKey(_ signer: OpenSSLSigner) async throws {
            _ = try await stand.kubectl("delete", "secret", "cosign-pub", "--ignore-not-found")
            _ = try await stand.kubectl(
                "create", "secret", "generic", "cosign-pub", "--from-file=cosign.pub=\(signer.publicKeyPath)")
        }
        try await setKey(signer)
        try await stand.apply(Self.manifest(registry, tag: "1.0.0"))
        let before = try await stand.wait(for: "podinfo", "Ready", "True")
        let url = before.member(at: "status", "artifact", "url")?.stringValue ?? ""
        #expect(try await stand.get(url).status == 200)

        try await setKey(other)
        _ = try await stand.kubectl("annotate", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=1")
        let failed = try await stand.wait(
            for: "podinfo", "Ready", "False", containing: "what is stored is withheld", reason: "VerificationError")
        #expect(failed.member(at: "status", "artifact") == nil && failed.member(at: "status", "url") == nil)
        func expectRefusal() async throws {
            let answer = try await stand.get(url)
            #expect(answer.status == 404)
            #expect(String(decoding: answer.body, as: UTF8.self).hasPrefix("withheld: "))
        }
        try await expectRefusal()
        try await stand.stop(SIGKILL)
        try await stand.start()
        try await expectRefusal()

        try await setKey(signer)
        let after = try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(after.member(at: "status", "artifact", "url")?.stringValue == url)
        #expect(
            after.member(at: "status", "artifact", "digest") == before.member(at: "status", "artifact", "digest"))
        #expect(try await stand.get(url).status == 200)
    }

    @Test(arguments: [
        (
            "--sigstore-trusted-root=/nope/trusted_root.json",
            Quote(
                #"the trusted root '/nope/trusted_root.json' of --sigstore-trusted-root does not exist or may not be read"#
            )
        ),
        (
            "--sigstore-tuf-mirror=https://no-such-host.invalid",
            Quote(
                #"unable to initialize trusted root: 16.root.json could not be fetched: could not resolve host no-such-host.invalid; allow access to the TUF mirror, set --sigstore-tuf-mirror, or point --sigstore-trusted-root at a trusted_root.json"#
            )
        ),
    ])
    func trustThatCannotBeHadIsSaid(argument: String, quote: Quote) async throws {
        let registry = try await DockerRegistry()
        let cache = try TemporaryDirectory()
        let stand = try await Stand(arguments: [argument], environment: ["TUF_ROOT": cache.path])
        _ = try await Self.publish("1", registry, tag: "1.0.0")
        try await stand.apply(
            MainJobTests.manifest(
                registry, ref: "tag: 1.0.0",
                extra: "verify: { provider: cosign, matchOIDCIdentity: [{ issuer: ^https://a$, subject: ^b$ }] }"))
        try await eventually(within: .seconds(40), "'\(quote)'") {
            quote.matches(stand.message(of: try await stand.object("podinfo")))
        }
    }

    @Test func aMendedSecretHealsAtOnce() async throws {
        let registry = try await DockerRegistry()
        // The next retry of a failing object is far away: only the change of the Secret can bring it back.
        let stand = try await Stand(arguments: ["--min-retry-delay=10m"])
        let signer = try await OpenSSLSigner()
        let digest = try await Self.publish("1", registry, tag: "1.0.0")
        try await signer.sign(digest, in: "manifests/podinfo", on: registry.address)
        try await stand.apply(Self.manifest(registry, tag: "1.0.0"))
        try await stand.wait(for: "podinfo", "Ready", "False", containing: "Secret 'default/cosign-pub'")
        _ = try await stand.kubectl(
            "create", "secret", "generic", "cosign-pub", "--from-file=cosign.pub=\(signer.publicKeyPath)")
        try await stand.wait(for: "podinfo", "Ready", "True")
    }
}
