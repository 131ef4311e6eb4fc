internal import Core
internal import Cryptography
internal import OCI
internal import TestPKI
internal import VerificationFixtures

extension FuzzCorpus {
    /// A new corpus, of keys that nobody else has. What a seed and a number name is another input from then on.
    package static func minted() throws -> FuzzCorpus {
        var corpus = FuzzCorpus()
        let instance = try BundleSetup.instance.get()
        try corpus.mintBundles(instance)
        try corpus.mintLegacySignatures(instance)
        try corpus.mintEncodings(instance)
        try corpus.mintNotation()
        try corpus.mintMetadata()
        return corpus
    }

    private mutating func add(_ target: String, _ name: String, _ bytes: [UInt8]) {
        seeds[target, default: []].append(Seed(name: name, bytes: bytes))
    }

    private mutating func add(_ target: String, _ name: String, _ bundle: JSONValue, _ path: String) {
        add(target, name, Array((bundle.at(path)?.stringValue ?? "").utf8))
    }

    private mutating func mintBundles(_ instance: SigstoreInstance) throws {
        context["trusted-root"] = instance.trustedRoot.serialized()
        add("trusted-root", "minted", instance.trustedRoot.serialized())
        context["log"] = try instance.logV1Key.pkcs8().revealed
        let note = "verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope"
        for kind in [BundleRecipe.EntryKind.dsseV1, .intotoV2, .hashedV2, .dsseV2] {
            let bundle = try BundleRecipe(instance, kind).bundle()
            add("bundle", kind.rawValue, bundle.serialized())
            if kind == .dsseV1 {
                context["bundle-v1"] = bundle.serialized()
                add("checkpoint", "v1", bundle, note)
            } else if kind == .dsseV2 {
                context["bundle-v2"] = bundle.serialized()
                add("checkpoint", "v2", bundle, note)
            }
        }
        var stamped = try BundleRecipe(instance)
        stamped.stamps = [{ _ in }, { $0.accuracySeconds = 1 }]
        add("bundle", "stamped", try stamped.bundle().serialized())
        // A proof and a timestamp: nobody vouches for the index in all shards.
        stamped.changeBundle = { $0.edit("verificationMaterial.tlogEntries.0.inclusionPromise", nil) }
        add("bundle", "unpromised", try stamped.bundle().serialized())
        // A promise alone, as in the first version.
        var promised = try BundleRecipe(instance)
        promised.version = "application/vnd.dev.sigstore.bundle+json;version=0.1"
        promised.changeBundle = { $0.edit("verificationMaterial.tlogEntries.0.inclusionProof", nil) }
        let old = try promised.bundle()
        context["promised-bundle"] = old.serialized()
        add("bundle", "0.1", old.serialized())
        let entry = "verificationMaterial.tlogEntries.0"
        add(
            "set", "promise",
            Base64.decode(old.at("\(entry).inclusionPromise.signedEntryTimestamp")?.stringValue ?? "") ?? [])
        add("log-entry", "dsse", Base64.decode(old.at("\(entry).canonicalizedBody")?.stringValue ?? "") ?? [])

        var keyed = try BundleRecipe(instance)
        keyed.isKeyed = true
        keyed.changeBundle = { $0.edit("verificationMaterial.tlogEntries", nil) }
        context["signer"] = try keyed.signerKey.pkcs8().revealed
        let bundle = try keyed.bundle()
        context["keyed-bundle"] = bundle.serialized()
        add("dsse", "envelope", bundle["dsseEnvelope"]?.serialized() ?? [])
        add("statement", "cosign", keyed.statement.serialized())
    }

    private mutating func mintLegacySignatures(_ instance: SigstoreInstance) throws {
        let layer = try LegacyRecipe(instance, digest: Digest.of("artifact")).layer()
        context["legacy-payload"] = layer.payload
        context["legacy-annotations"] = JSONValue.object(layer.annotations.mapValues { .string($0) }).serialized()
        add("legacy", "payload", layer.payload)
        for (name, value) in layer.annotations { add("legacy", name, Array(value.utf8)) }
        add("set", "annotation", Array((layer.annotations["dev.sigstore.cosign/bundle"] ?? "").utf8))
    }

    private mutating func mintEncodings(_ instance: SigstoreInstance) throws {
        context["root"] = instance.root.der
        context["intermediate"] = instance.intermediate.der
        context["timestamp-root"] = instance.timestampRoot.der
        context["timestamp-leaf"] = instance.timestampLeaf.der
        add("certificate", "leaf", try BundleRecipe(instance).leaf().der)
        add("certificate", "intermediate", instance.intermediate.der)
        var revocable = try BundleRecipe(instance)
        revocable.changeLeaf = { leaf in
            leaf.extensions += [
                .ocsp(["http://ocsp.test/"]), .distributionPoints(["http://crl.test/a", "http://crl.test/b"]),
            ]
        }
        let subject = try revocable.leaf()
        context["revocable"] = subject.der
        context["revocable-issuer"] = instance.intermediate.der
        add("certificate", "revocable", subject.der)

        var mint = TimestampMint(
            key: instance.timestampKey, certificate: instance.timestampLeaf, time: SigstoreInstance.now)
        add("timestamp", "response", try mint.response(over: [1, 2, 3]))
        mint.embedded = [instance.timestampLeaf]
        mint.accuracySeconds = 3
        add("timestamp", "token", try mint.token(over: [1, 2, 3]))

        var answer = OCSPMint(
            key: instance.intermediateKey, responder: instance.intermediate.subject,
            request: try OCSPRequest(for: subject, issuer: instance.intermediate), at: SigstoreInstance.now)
        add("ocsp", "good", try answer.der())
        answer.status = .revoked(SigstoreInstance.now, reason: 1)
        add("ocsp", "revoked", try answer.der())
        var list = RevocationListMint(
            key: instance.intermediateKey, issuer: instance.intermediate.subject, at: SigstoreInstance.now)
        list.extensions = [.listNumber(5)]
        add("revocation-list", "empty", try list.der())
        list.entries = [.init(serial: 77, time: SigstoreInstance.now, extensions: [.reason(1)])]
        add("revocation-list", "revoked", try list.der())

        for kind in [KeyKind.ecdsa(.p256), .rsa(bits: 2048), .ed25519] {
            add("key", "public \(kind)", Array(try PrivateKey.generate(kind).publicKey.pem.utf8))
        }
        let key = try PrivateKey.generate(.ecdsa(.p384))
        add("key", "info", key.publicKey.subjectPublicKeyInfo)
        add("key", "private", Array(try key.pem().revealed.utf8))
        add("key", "encrypted", Array(try EncryptedPrivateKey(key, password: Redacted([0x78])).pem.utf8))
        add(
            "expression", "identity", Array(#"^https://(github|gitlab)\.com/[a-z]{1,30}/(?P<repo>\w+)*$"#.utf8))
    }

    private mutating func mintNotation() throws {
        for format in NotationRecipe.Format.allCases {
            let target = format == .jws ? "jws" : "cose"
            var setup = try NotationSetup(format)
            setup.edit("signatureVerification.override", ["revocation": "skip"])
            setup.edit("trustedIdentities", ["*"])
            add(target, "plain", try setup.recipe.envelope())
            // The recipe's certificates are made once for each setup: one trust store has those of both formats.
            context["notation-root", default: []] += Array(try setup.recipe.root().pem.utf8)
            if format == .jws {
                context["trust-policy"] = setup.policy.serialized()
                context["notation-envelope"] = try setup.recipe.envelope()
                add("trust-policy", "strict", setup.policy.serialized())
            }
            setup.recipe.expiry = NotationSetup.now + .seconds(60)
            add(target, "expiring", try setup.recipe.envelope())
            setup.recipe.stamp = { _ in }
            add(target, "stamped", try setup.recipe.envelope())
            context["stamps-root", default: []] += Array(setup.recipe.timestampRoot.pem.utf8)
            if format == .jws {
                setup.edit("trustStores", ["ca:acme", "tsa:stamps"])
                context["stamp-policy"] = setup.policy.serialized()
                add("trust-policy", "stamps", setup.policy.serialized())
            }
        }
    }

    private mutating func mintMetadata() throws {
        var repository = try TUFRepository()
        // Without lengths and hashes, so that a changed snapshot is read.
        repository.change["timestamp"] = { $0["meta"] = ["snapshot.json": ["version": 1]] }
        for (index, key) in repository.rootKeys.enumerated() { context["tuf-root-\(index)"] = try key.pkcs8().revealed }
        context["tuf-online"] = try repository.onlineKey.pkcs8().revealed
        let files = try repository.files()
        context["tuf-files"] = JSONValue.object(files.mapValues { .string(Base64.encode($0)) }).serialized()
        for (name, bytes) in files where name.hasSuffix(".json") && !name.hasPrefix("targets/") {
            add("tuf", name, bytes)
            add("tuf-signed", name, try JSONValue(parsing: bytes)["signed"]?.serialized() ?? [])
        }
    }
}
