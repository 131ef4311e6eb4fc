package import Core
internal import Cryptography

/// How to make a signature as cosign 2 stores it, in every step; see `BundleRecipe` for what the steps have in common.
package struct LegacyRecipe {
    package var base: BundleRecipe
    package var digest: Digest
    package var changePayload: (inout JSONValue) -> Void = { _ in }
    package var changeAnnotations: (inout [String: String]) -> Void = { _ in }

    /// A signature of the manifest with this digest.
    package init(_ instance: SigstoreInstance, digest: Digest) throws {
        base = try BundleRecipe(instance, .hashedV1)
        self.digest = digest
    }

    /// The layer's blob and annotations.
    package func layer() throws -> (payload: [UInt8], annotations: [String: String]) {
        var payload: JSONValue = [
            "critical": [
                "identity": ["docker-reference": "registry.test/repo"],
                "image": ["docker-manifest-digest": .string(digest.description)],
                "type": "cosign container image signature",
            ],
            "optional": .null,
        ]
        changePayload(&payload)
        var recipe = base
        recipe.artifact = payload.serialized()
        // The parts of a bundle over the payload, stored another way.
        let bundle = try recipe.bundle()
        var annotations: [String: String] = [:]
        annotations["dev.cosignproject.cosign/signature"] = bundle.at("messageSignature.signature")?.stringValue
        if !recipe.isKeyed {
            let der = Base64.decode(
                bundle.at("verificationMaterial.certificate.rawBytes")?.stringValue ?? "", .strict)
            annotations["dev.sigstore.cosign/certificate"] = PEMBlock(label: "CERTIFICATE", bytes: der ?? []).text
        }
        if let entry = bundle.at("verificationMaterial.tlogEntries.0"), let time = recipe.entryTime {
            let logID = Base64.decode(entry.at("logId.keyId")?.stringValue ?? "") ?? []
            let rekor: JSONValue = [
                "SignedEntryTimestamp": entry.at("inclusionPromise.signedEntryTimestamp") ?? .null,
                "Payload": [
                    "body": entry["canonicalizedBody"] ?? .null, "integratedTime": .integer(time.seconds),
                    "logIndex": 1003, "logID": .string(Hexadecimal.encode(logID)),
                ],
            ]
            annotations["dev.sigstore.cosign/bundle"] = rekor.text()
        }
        changeAnnotations(&annotations)
        return (recipe.artifact, annotations)
    }
}
