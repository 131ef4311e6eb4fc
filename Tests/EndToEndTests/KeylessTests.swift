import Core
import Cryptography
import Foundation
import TestPKI
import TestSupport
import Testing

/// Keyless verification by the built controller: a Sigstore instance with keys of its own, its signatures in a real
/// registry, its trusted root in a Secret.
@Suite(.serialized) struct KeylessTests {
    /// How a signature is stored.
    enum Form: String, CaseIterable, Sendable {
        case bundle, legacy
    }

    private static let identity: JSONValue = [
        "issuer": #"^https://token\.actions\.githubusercontent\.com$"#,
        "subject": "^https://github\\.com/org/repo/\\.github/workflows/release\\.yml@refs/heads/main$",
    ]
    private static let stranger: JSONValue = [
        "issuer": "^https://accounts\\.example\\.com$", "subject": "^me@example\\.com$",
    ]

    static func manifest(_ registry: DockerRegistry, _ matchers: [JSONValue], root: Bool = true) -> String {
        let verify: JSONValue = [
            "provider": "cosign", "matchOIDCIdentity": .array(matchers),
            "trustedRootSecretRef": root ? ["name": "instance"] : .null,
        ]
        return MainJobTests.manifest(registry, ref: "tag: 1.0.0", extra: "verify: \(verify.text())")
    }

    /// Publishes content and a signature of it by a certificate of the instance.
    /// - Returns: the content's digest.
    static func publish(_ form: Form, _ registry: DockerRegistry) async throws -> String {
        let instance = try SigstoreInstance.shared.get()
        let text = try await SignatureTests.publish("keyless", registry, tag: "1.0.0")
        let digest = try Digest(parsing: text)
        let upload = try RegistryUpload("manifests/podinfo", on: registry.address)
        switch form {
        case .bundle:
            var recipe = try BundleRecipe(instance)
            recipe.state(digest)
            try await upload.bundles(of: text, size: 1, [try recipe.bundle().serialized()])
        case .legacy:
            try await upload.signatures(of: text, [try LegacyRecipe(instance, digest: digest).layer()])
        }
        return text
    }

    static func createRoot(_ stand: Stand) async throws {
        let folder = try TemporaryDirectory()
        try folder.write(try SigstoreInstance.shared.get().trustedRoot.serialized(), to: "trusted_root.json")
        try await RegistryAccessTests.secret(
            stand, "generic", "instance", "--from-file=trusted_root.json=\(folder.file("trusted_root.json"))")
    }

    @Test(arguments: Form.allCases)
    func anIdentityOfTheInstanceIsVerified(_ form: Form) async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        let digest = try await Self.publish(form, registry)
        try await Self.createRoot(stand)

        // Somebody else first: the condition says who signed and who is accepted.
        try await stand.apply(Self.manifest(registry, [Self.stranger]))
        let refused = try await stand.wait(
            for: "podinfo", "SourceVerified", "False",
            containing: "it is signed by '\(BundleRecipe.identity)' by '\(BundleRecipe.issuer)', but accepted is "
                + #"subject /^me@example\.com$/ by issuer /^https://accounts\.example\.com$/"#,
            reason: "VerificationError")
        #expect(refused.member(at: "status", "artifact") == nil)
        try await stand.wait(
            for: "podinfo", "Ready", "False",
            containing:
                "failed to verify the signature using provider 'cosign keyless': no matching signatures were found")

        // One matcher of several is enough.
        try await stand.apply(Self.manifest(registry, [Self.stranger, Self.identity]))
        let format = form == .bundle ? "bundle" : "simple signing"
        try await stand.wait(
            for: "podinfo", "SourceVerified", "True",
            containing: "verified signature of revision 1.0.0@\(digest), signed by identity '\(BundleRecipe.identity)' "
                + "by '\(BundleRecipe.issuer)' (\(format), log index 1003)")
        let object = try await stand.wait(for: "podinfo", "Ready", "True")
        #expect(try await stand.artifactEntries(of: object).isEmpty == false)
        try await eventually("the event with who signed") {
            let outcome = try await stand.kubectl(
                "get", "events", "--field-selector=involvedObject.name=podinfo,reason=NewArtifact", "-o", "json")
            let event = try JSONValue(parsing: outcome.stdout)["items"]?.arrayValue?.first
            let annotations = event?.member(at: "metadata", "annotations")
            return annotations?["source.toolkit.fluxcd.io/signature-subject"]?.stringValue == BundleRecipe.identity
                && annotations?["source.toolkit.fluxcd.io/signature-issuer"]?.stringValue == BundleRecipe.issuer
                && annotations?["source.toolkit.fluxcd.io/signature-log-index"]?.stringValue == "1003"
        }
        // The instance was never asked for: everything needed is beside the artifact.
        #expect(try await stand.readiness.contains("sigstore trust: not asked for"))
    }

    @Test func nobodyIsAcceptedUnlessTheOperatorSaysSo() async throws {
        let registry = try await DockerRegistry()
        _ = try await Self.publish(.bundle, registry)
        let strict = try await Stand()
        try await Self.createRoot(strict)
        try await strict.apply(Self.manifest(registry, []))
        try await strict.wait(
            for: "podinfo", "Ready", "False",
            containing:
                "keyless verification would accept anybody: add who may sign to 'spec.verify.matchOIDCIdentity'",
            reason: "VerificationError")

        let lax = try await Stand(arguments: ["--insecure-accept-any-identity"])
        try await Self.createRoot(lax)
        try await lax.apply(Self.manifest(registry, []))
        try await lax.wait(for: "podinfo", "SourceVerified", "True", containing: BundleRecipe.identity)
    }

    /// `--sigstore-trusted-root`: for machines without a way to the mirror.
    @Test func aTrustedRootFromAFile() async throws {
        let registry = try await DockerRegistry()
        _ = try await Self.publish(.bundle, registry)
        let folder = try TemporaryDirectory()
        let root = try SigstoreInstance.shared.get().trustedRoot
        try folder.write(root.serialized(), to: "trusted_root.json")
        let stand = try await Stand(arguments: ["--sigstore-trusted-root=\(folder.file("trusted_root.json"))"])
        try await stand.apply(Self.manifest(registry, [Self.identity], root: false))
        try await stand.wait(for: "podinfo", "Ready", "True")

        // Replaced by one that no longer vouches for the signer's authority: the next poll verifies anew.
        var other = root
        other["certificateAuthorities"] = []
        try folder.write(other.serialized(), to: "trusted_root.json")
        _ = try await stand.kubectl("annotate", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=1")
        let after = try await stand.wait(
            for: "podinfo", "SourceVerified", "False", containing: "the trusted root names no certificate authority")
        #expect(after.member(at: "status", "artifact") != nil, "it stays served")
    }
}
