import Core
import Cryptography
import RegularExpressions
import TestPKI
import Testing
import Verification
import VerificationFixtures

/// Sound bundles of every kind are accepted.
struct BundleTests {
    @Test(arguments: BundleRecipe.EntryKind.allCases, [true, false])
    func everyKindOfEntry(_ kind: BundleRecipe.EntryKind, _ isKeyed: Bool) throws {
        var setup = try BundleSetup(kind)
        if isKeyed {
            try setup.useKey()
            setup.recipe.stamps = []
        }
        let verified = try setup.verify()
        #expect(verified.logIndex == (kind == .hashedV2 || kind == .dsseV2 ? 3 : 1003))
        switch verified.signer {
        case .key(let key): #expect(isKeyed && key == setup.recipe.signerKey.publicKey)
        case .identity(let identity):
            #expect(!isKeyed && identity.subject == BundleRecipe.identity && identity.issuer == BundleRecipe.issuer)
        case .subject: Issue.record("it is no Notation signature")
        }
    }

    @Test(arguments: ["0.1", "0.2", "0.3"])
    func everyVersion(_ version: String) throws {
        for kind in [BundleRecipe.EntryKind.dsseV1, .hashedV1, .intotoV2] {
            var setup = try BundleSetup(kind)
            setup.recipe.version = "application/vnd.dev.sigstore.bundle+json;version=\(version)"
            #expect(try setup.verify().format == .bundle)
        }
    }

    @Test func versionsThatAreNotKnown() throws {
        for mediaType in ["", "application/vnd.dev.sigstore.bundle.v0.4+json", "application/json"] {
            var setup = try BundleSetup()
            setup.recipe.version = mediaType
            let rejection = #expect(throws: Rejection.self) { try setup.verify() }
            #expect(rejection?.code == .unsupported)
        }
    }

    /// Keys of every kind sign envelopes, with their own hash and, on larger curves, with SHA-256.
    @Test(arguments: [
        (KeyKind.ecdsa(.p256), nil), (.ecdsa(.p384), nil), (.ecdsa(.p384), SignatureAlgorithm.ecdsa(.sha256)),
        (.ecdsa(.p521), nil), (.ecdsa(.p521), .ecdsa(.sha256)), (.rsa(bits: 2048), nil), (.ed25519, nil),
    ])
    func everyKindOfKey(_ kind: KeyKind, _ algorithm: SignatureAlgorithm?) throws {
        for isKeyed in [true, false] {
            var setup = try BundleSetup()
            if isKeyed { try setup.useKey(kind) } else { setup.recipe.signerKey = try PrivateKey.generate(kind) }
            setup.recipe.algorithm = algorithm
            try setup.verify()
        }
    }

    @Test func keysNeedNoLog() throws {
        var setup = try BundleSetup()
        try setup.useKey()
        setup.policy.logThreshold = 0
        setup.recipe.changeBundle = { $0.edit("verificationMaterial.tlogEntries", nil) }
        let bundle = try Bundle(parsing: setup.recipe.bundle().serialized())
        let verified = try BundleVerifier(policy: setup.policy, trust: nil).verify(bundle, artifact: setup.artifact)
        #expect(verified.logIndex == nil)
        #expect(verified.description.contains(setup.recipe.signerKey.publicKey.fingerprint.description))
    }

    @Test func wrongKeysAreNamed() throws {
        var setup = try BundleSetup()
        try setup.useKey()
        let others = [try PrivateKey.generate(.ecdsa(.p256)).publicKey, try PrivateKey.generate(.ed25519).publicKey]
        setup.policy = try SignaturePolicy(keys: others)
        let rejection = #expect(throws: Rejection.self) { try setup.verify() }
        #expect(rejection?.code == .wrongKey)
        for key in others { #expect(rejection?.message.contains(key.fingerprint.description) == true) }
        setup.policy = try SignaturePolicy(keys: others + [setup.recipe.signerKey.publicKey])
        try setup.verify()
    }

    @Test func materialOfTheOtherKind() throws {
        var keyed = try BundleSetup()
        try keyed.useKey()
        keyed.policy = try SignaturePolicy(identities: SignaturePolicy.anyIdentity)
        #expect(#expect(throws: Rejection.self) { try keyed.verify() }?.code == .identity)
        var certified = try BundleSetup()
        certified.policy = try SignaturePolicy(keys: [certified.recipe.signerKey.publicKey])
        #expect(#expect(throws: Rejection.self) { try certified.verify() }?.code == .wrongKey)
    }

    @Test func preHashedEdwardsSignatures() throws {
        for isKeyed in [true, false] {
            var setup = try BundleSetup(.hashedV1)
            if isKeyed {
                try setup.useKey(.ed25519)
            } else {
                setup.recipe.signerKey = try PrivateKey.generate(.ed25519)
            }
            let rejection = #expect(throws: Rejection.self) { try setup.verify() }
            #expect(rejection?.code == .unsupported)
        }
    }

    /// Whatever decides changes the digest that verdicts are kept under.
    @Test func digestsOfPolicies() throws {
        let key = try PrivateKey.generate(.ecdsa(.p256)).publicKey
        let keyed = try SignaturePolicy(keys: [key])
        let twice = try SignaturePolicy(keys: [key, PrivateKey.generate(.ecdsa(.p256)).publicKey])
        let keyless = try SignaturePolicy(identities: BundleSetup.matchers)
        var loose = keyless
        loose.statements = .any
        let any = try SignaturePolicy(identities: SignaturePolicy.anyIdentity)
        #expect(Set([keyed, twice, keyless, loose, any].map(\.digest)).count == 5)
        #expect(try SignaturePolicy(keys: [key]).digest == keyed.digest)
    }

    @Test func policiesWithoutSigners() {
        #expect(throws: VerificationError.self) { try SignaturePolicy(keys: []) }
        let error = #expect(throws: VerificationError.self) { try SignaturePolicy(identities: []) }
        #expect(error?.message.contains("would accept anybody") == true)
        let pattern = #expect(throws: VerificationError.self) {
            try IdentityMatcher(issuerPattern: "ok", subjectPattern: "(")
        }
        #expect(pattern?.message.contains("'('") == true)
    }

    /// What a substitution that was not set leaves behind accepts nobody.
    @Test func emptyPatterns() throws {
        for (issuer, subject, name) in [("", "s", "issuer"), ("i", "", "subject")] {
            let error = #expect(throws: VerificationError.self) {
                try IdentityMatcher(issuerPattern: issuer, subjectPattern: subject)
            }
            #expect(error?.code == .policy)
            #expect(error?.message.contains("'\(name)' is empty") == true)
        }
        _ = try IdentityMatcher(issuerPattern: ".*", subjectPattern: ".*")
    }

    @Test func manyKeys() throws {
        let key = try PrivateKey.generate(.ed25519).publicKey
        _ = try SignaturePolicy(keys: Array(repeating: key, count: SignaturePolicy.maximumKeys))
        let error = #expect(throws: VerificationError.self) {
            try SignaturePolicy(keys: Array(repeating: key, count: SignaturePolicy.maximumKeys + 1))
        }
        #expect(error?.code == .policy && error?.message.contains("33") == true)
    }

    @Test func manyMatchers() throws {
        let matcher = try IdentityMatcher(issuerPattern: "i", subjectPattern: "s")
        _ = try SignaturePolicy(identities: Array(repeating: matcher, count: SignaturePolicy.maximumMatchers))
        let error = #expect(throws: VerificationError.self) {
            try SignaturePolicy(identities: Array(repeating: matcher, count: SignaturePolicy.maximumMatchers + 1))
        }
        #expect(error?.code == .policy && error?.message.contains("65") == true)
        // A few bytes of text that compile to more than an expression may take here: there may be 128 of them.
        let large = "\\p{L}{1,100}"
        for (issuer, subject) in [(large, "s"), ("i", large)] {
            let refusal = #expect(throws: VerificationError.self) {
                try IdentityMatcher(issuerPattern: issuer, subjectPattern: subject)
            }
            #expect(refusal?.message.contains("too complex") == true, "\(refusal?.message ?? "-")")
        }
        // There is room for what people write.
        _ = try IdentityMatcher(issuerPattern: "^https://[\\w.-]{1,253}$", subjectPattern: "(?i)\\p{L}+@[a-z.]{1,99}$")
    }

    /// A log whose kind of key is not known yet leaves the others of the trusted root as they are.
    @Test func logsWithUnknownKeys() throws {
        var setup = try BundleSetup()
        for list in ["tlogs", "ctlogs"] {
            var log = setup.trust.at("\(list).0") ?? .null
            log.edit("publicKey.keyDetails", "PKIX_ML_DSA_65")
            log.edit("publicKey.rawBytes", "AAAA")
            setup.trust.edit(list, .array([log] + (setup.trust.at(list)?.arrayValue ?? [])))
        }
        try setup.verify()
        // A kind that is known is read strictly.
        for change in [["keyDetails": "PKIX_ED25519"], ["rawBytes": "AAAA"], ["keyDetails": ""]] as [JSONValue] {
            var broken = setup
            for (name, value) in change.objectValue ?? [:] { broken.trust.edit("tlogs.1.publicKey.\(name)", value) }
            let error = #expect(throws: VerificationError.self) { try broken.verify() }
            #expect(error?.code == .trustedRoot)
        }
    }

    /// What entries name a log by and what its checkpoints name its key by may differ.
    @Test func logsWithAnotherCheckpointKey() throws {
        let id = Digest.of("checkpoints").bytes
        for kind in [BundleRecipe.EntryKind.dsseV1, .dsseV2] {
            var setup = try BundleSetup(kind)
            let index = kind == .dsseV1 ? 0 : 1
            for length in [4, 32] {
                setup.trust.edit(
                    "tlogs.\(index).checkpointKeyId", ["keyId": .string(Base64.encode(Array(id.prefix(length))))])
                setup.recipe.changeNote = { $0.keyID = Array(id.prefix(4)) }
                try setup.verify()
            }
        }
    }

    @Test func matchersAreAlternatives() throws {
        var setup = try BundleSetup()
        setup.policy = try SignaturePolicy(identities: [
            IdentityMatcher(issuerPattern: "^x$", subjectPattern: ".*"),
            IdentityMatcher(issuerPattern: "githubusercontent", subjectPattern: "^https://github.com/org/"),
        ])
        try setup.verify()
    }

    @Test func windowsIncludeTheirEnds() throws {
        var setup = try BundleSetup()
        for edge in ["start", "end"] {
            setup.trust.edit("tlogs.0.publicKey.validFor.\(edge)", .string(Timestamp.signing(5).rfc3339))
            setup.trust.edit("certificateAuthorities.0.validFor.\(edge)", .string(Timestamp.signing(5).rfc3339))
            setup.trust.edit("ctlogs.0.publicKey.validFor.\(edge)", .string(Timestamp.signing(0).rfc3339))
        }
        try setup.verify()
        var stamped = try BundleSetup(.hashedV2)
        for edge in ["start", "end"] {
            stamped.trust.edit("timestampAuthorities.0.validFor.\(edge)", .string(Timestamp.signing(6).rfc3339))
            stamped.trust.edit("tlogs.1.publicKey.validFor.\(edge)", .string(Timestamp.signing(6).rfc3339))
        }
        try stamped.verify()
        for time in [Timestamp.signing(0), .signing(600)] {
            var edge = try BundleSetup()
            edge.recipe.entryTime = time
            try edge.verify()
        }
    }

    @Test func cosignedCheckpoints() throws {
        let witness = "\u{2014} witness.test AAAAAAAAAAAA"
        for kind in [BundleRecipe.EntryKind.dsseV1, .dsseV2] {
            var setup = try BundleSetup(kind)
            setup.recipe.changeNote = { note in
                note.before = [witness]
                note.after = [witness, "\u{2014} \(note.signerName) BBBBBBBBBBBB"]
                note.extra = ["Timestamp: 1700000000"]
            }
            try setup.verify()
        }
    }

    @Test func timestampsThatDoNotHoldAreIgnoredBesideAnotherTime() throws {
        var setup = try BundleSetup()
        setup.recipe.stamps = [{ $0.imprintBytes = Digest.of("other").bytes }]
        #expect(try setup.verify().times.count == 1)
        setup.recipe.stamps = [{ _ in }]
        #expect(try setup.verify().times.count == 2)
    }

    @Test func theDialectOfJSON() throws {
        var setup = try BundleSetup()
        setup.trust.edit("tlogs.0.operator", .null)
        setup.trust.edit("certificateAuthorities.0.validFor.end", .null)
        setup.recipe.changeBundle = { bundle in
            bundle.edit("verificationMaterial.tlogEntries.0.logIndex", 1003)
            bundle.edit("verificationMaterial.timestampVerificationData", .null)
            bundle.edit("messageSignature", .null)
            let signature = bundle.at("dsseEnvelope.signatures.0.sig")?.stringValue ?? ""
            let urlSafe = String(
                signature.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }.filter { $0 != "=" })
            bundle.edit("dsseEnvelope.signatures.0.sig", .string(urlSafe))
        }
        try setup.verify()
        for mediaType in [
            "application/vnd.dev.sigstore.trustedroot.v0.1+json", "application/vnd.dev.sigstore.trustedroot.v0.2+json",
        ] {
            setup.trust["mediaType"] = .string(mediaType)
            try setup.verify()
        }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", #"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}"#,
        #"{"mediaType":1}"#, #"{"mediaType":"a","mediaType":"a"}"#,
    ])
    func malformedBundles(_ text: String) {
        #expect(throws: Rejection.self) { try Bundle(parsing: Array(text.utf8)) }
    }

    /// Removing or spoiling any single value of a sound bundle never crashes, and never lets a keyless bundle pass with
    /// a changed signature, certificate or payload.
    @Test func spoiledValues() throws {
        let setup = try BundleSetup()
        let bundle = try setup.recipe.bundle()
        let trust = try TrustedRoot(parsing: setup.trust.serialized())
        for path in Self.paths(bundle) {
            for value in [nil, 1, "AAAA"] as [JSONValue?] {
                var spoiled = bundle
                spoiled.edit(path, value)
                guard spoiled != bundle else { continue }
                let isUnauthenticated = path.hasSuffix("keyid")
                let outcome = Result {
                    try BundleVerifier(policy: setup.policy, trust: trust).verify(
                        Bundle(parsing: spoiled.serialized()), artifact: setup.artifact)
                }
                if case .success = outcome { #expect(isUnauthenticated, "\(path) = \(String(describing: value))") }
            }
        }
    }

    private static func paths(_ value: JSONValue, _ prefix: String = "") -> [String] {
        let children: [(String, JSONValue)] =
            switch value {
            case .object(let members): members.map { ($0.key, $0.value) }
            case .array(let list): list.enumerated().map { ("\($0.offset)", $0.element) }
            default: []
            }
        return (prefix.isEmpty ? [] : [prefix])
            + children.flatMap { paths($0.1, prefix.isEmpty ? $0.0 : "\(prefix).\($0.0)") }
    }

    /// In version 1, a proof is of an index in one shard: what the entry says of all shards is anybody's word.
    @Test func indexesThatNobodyVouchesFor() throws {
        var setup = try BundleSetup(.dsseV1)
        #expect(try setup.verify().logIndex == 1003)
        setup.recipe.stamps = [{ _ in }]
        setup.recipe.changeBundle = { bundle in
            bundle.edit("verificationMaterial.tlogEntries.0.inclusionPromise", nil)
            bundle.edit("verificationMaterial.tlogEntries.0.logIndex", "4711")
        }
        #expect(try setup.verify().logIndex == nil)
    }
}
