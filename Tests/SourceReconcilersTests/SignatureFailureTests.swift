import Core
import Cryptography
import KubernetesAPI
import SourceReconcilers
import TestPKI
import Testing

/// For each way in which a signature may not count: what condition and event say. What was found is named, and why it does
/// not count.
@Suite struct SignatureFailureTests {
    @Test(.timeLimit(.minutes(5)), arguments: keyless + keyed)
    func isExplained(_ fault: FaultCase) async throws { try await fault.prove() }

    /// A case with a bundle by a certificate, changed by `change`, and a trusted root with nothing in the list `missing` and
    /// the windows of `list` over.
    private static func keyless(
        _ name: String, _ fragments: String...,
        without missing: String? = nil, ending list: String? = nil,
        change: @escaping @Sendable (inout BundleRecipe) throws -> Void = { _ in }
    ) -> FaultCase {
        FaultCase(
            name, ConditionReason.verificationError,
            "failed to verify the signature using provider 'cosign keyless': no matching signatures were found for '127.0.0.1:",
            ": bundle sha256:", condition: ConditionType.sourceVerified
        ) { bench in
            let instance = try SigstoreInstance.shared.get()
            let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            var recipe = try BundleRecipe(instance)
            recipe.state(digest)
            try change(&recipe)
            bench.registry.refer(to: digest, bundle: try recipe.bundle().serialized())
            var root = instance.trustedRoot
            if let missing { root[missing] = [] }
            if let list { end(list, of: &root) }
            try await bench.createSecret(
                "root", ["trusted_root.json": String(decoding: root.serialized(), as: UTF8.self)], isSecret: false)
            return [
                "verify": [
                    "trustedRootSecretRef": ["name": "root"],
                    "matchOIDCIdentity": [["issuer": "githubusercontent", "subject": "^https://github\\.com/org/"]],
                ]
            ]
        }.expecting(fragments)
    }

    /// Ends the windows of everything in a list of the trusted root before anything was signed.
    private static func end(_ list: String, of root: inout JSONValue) {
        let end = JSONValue.string(Timestamp(seconds: SigstoreInstance.now.seconds - 1000).rfc3339)
        root[list] = .array(
            (root[list]?.arrayValue ?? []).map { item in
                var item = item
                if item["validFor"] != nil {
                    item["validFor"]?["end"] = end
                } else {
                    item["publicKey"]?["validFor"]?["end"] = end
                }
                return item
            })
    }

    static let keyless: [FaultCase] = [
        keyless(
            "another identity",
            "it is signed by 'https://github.com/evil/repo' by '\(BundleRecipe.issuer)', but accepted is",
            "subject /^https://github\\.com/org// by issuer /githubusercontent/"
        ) { recipe in
            recipe.changeLeaf = { leaf in
                leaf.extensions.replaceSubrange(
                    2..<3, with: [.alternativeNames([GeneralName.uri("https://github.com/evil/repo")])])
            }
        },
        keyless("no log", "no log that is trusted has an entry for it", without: "tlogs"),
        keyless("no log entry", "it has no log entry") { recipe in
            recipe.changeBundle = { $0["verificationMaterial"]?["tlogEntries"] = [] }
        },
        keyless("a wrong inclusion proof", "inclusion proof") { recipe in
            recipe.changeBundle = { bundle in
                bundle.edit(
                    "verificationMaterial.tlogEntries.0.inclusionProof.hashes.1",
                    .string(Base64.encode(Digest.of("other").bytes)))
            }
        },
        keyless("a wrong entry timestamp", "signed entry timestamp") { recipe in
            recipe.promiseKey = try PrivateKey.generate(.ecdsa(.p256))
        },
        keyless("a wrong checkpoint", "checkpoint") { recipe in recipe.changeNote = { $0.hasWrongSignature = true } },
        keyless(
            "a log's key out of its window",
            "the log's key is not trusted for the time of the entry (2023-11-14T22:13:25Z)", ending: "tlogs"),
        keyless(
            "an authority out of its window", "the certificate authority is not trusted for the time of signing",
            ending: "certificateAuthorities"),
        keyless(
            "a certificate log out of its window", "no certificate log vouches for the signer's certificate",
            "the log is not trusted for the time of its promise", ending: "ctlogs"),
        keyless("an expired certificate", "outside of the certificate's validity") { recipe in
            recipe.changeLeaf = { $0.notAfter = SigstoreInstance.now }
        },
        keyless("no promise of a certificate log", "it has no promise of a log that is trusted") { recipe in
            recipe.certificateLogs = nil
        },
        keyless("an unknown authority", "the signer's certificate does not hold") { recipe in
            let key = try PrivateKey.generate(.ecdsa(.p256))
            let authority = try CertificateBuilder.authority(
                "other", key: key.publicKey, notBefore: SigstoreInstance.start, notAfter: SigstoreInstance.end
            ).signed(by: key)
            recipe.certificateIssuer = (key, authority)
        },
        keyless("another digest", "the signature is for another artifact") { $0.state(Digest.of("other")) },
        keyless("a signature by another key", "the signature is not by the key of its certificate") { recipe in
            recipe.forgerKey = try PrivateKey.generate(.ecdsa(.p256))
        },
        keyless(
            "a format of the future",
            "bundles of media type 'application/vnd.dev.sigstore.bundle.v0.9+json' are not supported"
        ) { recipe in
            recipe.changeBundle = { $0["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.9+json" }
        },
        keyless("a format of the past", "bundles older than 0.3 are not accepted from a registry") { recipe in
            recipe.version = "application/vnd.dev.sigstore.bundle+json;version=0.2"
        },
        keyless("no bundle at all", "bundles of media type '' are not supported") { recipe in
            recipe.changeBundle = { $0 = [:] }
        },
        keyless("a signature with a key", "it is signed with a key, but a certificate with an identity is expected") {
            recipe in
            recipe.isKeyed = true
        },
    ]

    /// A case with a key in the Secret and another bundle than one that the key signed.
    private static func keyed(
        _ name: String, _ fragment: String, bundle: @escaping @Sendable (KeyedSigner, Digest) throws -> [UInt8]
    ) -> FaultCase {
        FaultCase(
            name, ConditionReason.verificationError, "bundle sha256:", fragment, condition: ConditionType.sourceVerified
        ) { bench in
            let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            let signer = try KeyedSigner()
            bench.registry.refer(to: digest, bundle: try bundle(signer, digest))
            try await bench.createSecret("keys", ["cosign.pub": signer.publicKey], isSecret: false)
            return ["verify": ["secretRef": ["name": "keys"]]]
        }
    }

    static let keyed: [FaultCase] = [
        keyed("another statement", "not a cosign signature") { signer, digest in
            try signer.bundle(of: digest, predicateType: "https://spdx.dev/Document")
        },
        keyed("a signature with a certificate", "a key signature is expected") { _, digest in
            var recipe = try BundleRecipe(try SigstoreInstance.shared.get())
            recipe.state(digest)
            return try recipe.bundle().serialized()
        },
        FaultCase(
            "nothing", ConditionReason.verificationError,
            "failed to verify the signature using provider 'cosign': no matching signatures were found for '127.0.0.1:",
            "it has neither a Sigstore bundle as a referrer nor the tag 'sha256-", ".sig'",
            condition: ConditionType.sourceVerified
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            try await bench.createSecret("keys", ["cosign.pub": try KeyedSigner().publicKey], isSecret: false)
            return ["verify": ["secretRef": ["name": "keys"]]]
        },
        FaultCase(
            "other keys, in both forms", ConditionReason.verificationError, "bundle sha256:",
            "signature 1 of the tag 'sha256-",
            "it is not signed with any of the accepted keys (tried ECDSA P-256 sha256:", ", ECDSA P-256 sha256:",
            condition: ConditionType.sourceVerified
        ) { bench in
            let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            let signer = try KeyedSigner()
            bench.registry.refer(to: digest, bundle: try signer.bundle(of: digest))
            bench.registry.sign(digest, [try signer.layer(of: digest)])
            try await bench.createSecret(
                "keys", ["a.pub": try KeyedSigner().publicKey, "b.pub": try KeyedSigner().publicKey], isSecret: false)
            return ["verify": ["secretRef": ["name": "keys"]]]
        },
        FaultCase(
            "signatures that cannot be had", ConditionReason.verificationError,
            "the list of referrers could not be fetched",
            "500", condition: ConditionType.sourceVerified
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            bench.registry.misbehave { $0.path.contains("/referrers/") ? .html(500) : nil }
            try await bench.createSecret("keys", ["cosign.pub": try KeyedSigner().publicKey], isSecret: false)
            return ["verify": ["secretRef": ["name": "keys"]]]
        },
    ]
}
