package import Core
internal import Cryptography

/// What a signature should be about.
package enum SignedArtifact: Sendable {
    /// The bytes themselves.
    case bytes([UInt8])
    /// Only their digest.
    case digest(Digest)
    /// Only their digests, of several kinds: as good as the bytes.
    case digests([Digest])

    /// The digest of the wanted kind; nil when only another is known.
    func digest(_ algorithm: Digest.Algorithm) -> Digest? {
        switch self {
        case .bytes(let bytes): Digest.of(bytes, algorithm)
        case .digest(let digest): digest.algorithm == algorithm ? digest : nil
        case .digests(let digests): digests.first { $0.algorithm == algorithm }
        }
    }

    /// Every digest that is known.
    var digests: [Digest] { Digest.Algorithm.allCases.compactMap { digest($0) } }
}

/// Judges Sigstore bundles, offline: everything it uses is in the bundle, the policy or the trusted root.
package struct BundleVerifier: Sendable {
    private let policy: SignaturePolicy
    private let trust: TrustedRoot?

    /// A verifier by a policy.
    /// - Parameter trust: needed unless the policy accepts keys and asks for no log.
    package init(policy: SignaturePolicy, trust: TrustedRoot?) {
        self.policy = policy
        self.trust = trust
    }

    /// Judges a bundle about an artifact.
    /// - Throws: `Rejection` with the first reason why it does not count.
    package func verify(_ bundle: Bundle, artifact: SignedArtifact) throws(Rejection) -> VerifiedSignature {
        let predicateType = try verifySubject(bundle, artifact)
        switch (policy.signers, bundle.material) {
        case (.keys(let keys), .publicKey):
            let key = try key(of: bundle, artifact, among: keys)
            let log = try verifyLog(bundle, artifact, signer: .key(key), leaf: nil)
            // A key needs no time: timestamps are looked at only where the policy wants them.
            let stamped = policy.timestampThreshold > 0 ? try verifyTimestamps(bundle) : []
            let times = log.times + stamped
            try log.verifyWindows(at: times)  // check-call: log-windows-key
            return VerifiedSignature(
                signer: .key(key), format: .bundle, logIndex: log.index, times: times, predicateType: predicateType)
        case (.identities(let matchers), .certificate(let leaf)):
            return try verify(bundle, artifact, leaf, matchers, predicateType)
        case (.keys, .certificate):
            throw Rejection(.wrongKey, "it is signed with a certificate, but a key signature is expected")
        case (.identities, .publicKey):
            throw Rejection(.identity, "it is signed with a key, but a certificate with an identity is expected")
        }
    }

    private func verify(
        _ bundle: Bundle, _ artifact: SignedArtifact, _ leaf: Certificate, _ matchers: [IdentityMatcher],
        _ predicateType: String?
    ) throws(Rejection) -> VerifiedSignature {
        guard let trust else { throw Rejection(.certificate, "there is no trusted root to verify certificates with") }
        let key: PublicKey
        do {
            key = try leaf.publicKey()
        } catch {
            throw Rejection(.unsupported, "the certificate's key is not usable: \(error.message)")
        }
        try requireSupport(of: bundle, key.kind)
        guard isSigned(bundle, artifact, key) else {  // check: signature
            throw Rejection(.invalidSignature, "the signature is not by the key of its certificate")
        }
        let identity = try CertificateIdentity(leaf)
        guard let subject = identity.primarySubject else {
            throw Rejection(.identity, "the certificate's names are none that a bundle's signer may have")
        }
        guard matchers.contains(where: { $0.accepts(identity.issuer, subject) }) else {  // check: identity
            throw Rejection.identity(identity, matchers)
        }
        let log = try verifyLog(bundle, artifact, signer: .certificate(leaf), leaf: leaf)
        let times = log.times + (try verifyTimestamps(bundle))
        try log.verifyWindows(at: times)  // check-call: log-windows-identity
        try CertificateVerification(trust: trust, certificateLogThreshold: policy.certificateLogThreshold)
            .verify(leaf, at: times)
        return VerifiedSignature(
            signer: .identity(identity), format: .bundle, logIndex: log.index, times: times,
            predicateType: predicateType)
    }

    /// What the signed content says it is about must be the artifact.
    private func verifySubject(_ bundle: Bundle, _ artifact: SignedArtifact) throws(Rejection) -> String? {
        switch bundle.content {
        case .message(let claimed, _):
            // Only a hint by the specification, but a wrong one is a sign of a mix-up.
            let isClaimed = claimed.map { $0 == artifact.digest($0.algorithm) } ?? false
            guard isClaimed else {  // check: message-digest
                throw Rejection(.wrongArtifact, "the signature is for another artifact, or does not say for which")
            }
            return nil
        case .envelope(let envelope):
            let isStatement = envelope.payloadType.utf8.elementsEqual(InTotoStatement.payloadType.utf8)
            guard isStatement else {  // check: payload-type
                throw Rejection(.unsupported, "payloads of type '\(shown(envelope.payloadType))' are not supported")
            }
            let statement = try InTotoStatement(parsing: envelope.payload)
            let isAccepted =
                policy.statements == .any
                || statement.predicateType.utf8.elementsEqual(InTotoStatement.cosignSignature.utf8)
            guard isAccepted else {  // check: predicate-type
                throw Rejection(
                    .otherStatement,
                    "it is a statement of type '\(shown(statement.predicateType))', not a cosign signature")
            }
            let isAbout = artifact.digests.contains { statement.isAbout($0) }
            guard isAbout else {  // check: subject
                throw Rejection(.wrongArtifact, "the signature is for another artifact")
            }
            return statement.predicateType
        }
    }

    private func key(
        of bundle: Bundle, _ artifact: SignedArtifact, among keys: [PublicKey]
    ) throws(Rejection) -> PublicKey {
        guard let key = keys.first(where: { isSigned(bundle, artifact, $0) }) else {
            if keys.allSatisfy({ $0.kind == .ed25519 }) { try requireSupport(of: bundle, .ed25519) }
            throw Rejection.wrongKey(keys)
        }
        return key
    }

    /// Signatures over an artifact itself by Ed25519 keys are of the pre-hashed kind, which OpenSSL 3.0 lacks.
    private func requireSupport(of bundle: Bundle, _ kind: KeyKind) throws(Rejection) {
        if !bundle.isEnvelope, kind == .ed25519 {
            throw Rejection(
                .unsupported, "signatures by Ed25519 over an artifact (Ed25519ph) are not supported; sign an envelope")
        }
    }

    private func isSigned(_ bundle: Bundle, _ artifact: SignedArtifact, _ key: PublicKey) -> Bool {
        switch bundle.content {
        case .envelope(let envelope):
            return SignatureSchemes.of(key).contains {
                key.isValidSignature(envelope.signature, over: envelope.signedBytes, $0)
            }
        case .message(_, let signature):
            return SignatureSchemes.of(key).contains { algorithm in
                guard let digest = algorithm.hash.flatMap({ artifact.digest($0) }) else { return false }
                return key.isValidSignature(signature, overDigest: digest, algorithm)
            }
        }
    }

    private func verifyLog(
        _ bundle: Bundle, _ artifact: SignedArtifact, signer: LogEntryBody.Signer, leaf: Certificate?
    ) throws(Rejection) -> EntryVerification.Outcome {
        guard policy.logThreshold > 0 else { return EntryVerification.Outcome() }
        let subject: LogEntryBody.Subject
        switch bundle.content {
        case .message: subject = .artifact(artifact.digests)
        case .envelope(let envelope): subject = .envelope(envelope)
        }
        let body = LogEntryBody(signer: signer, signature: bundle.signature, subject: subject)
        return try EntryVerification(trust: trust, threshold: policy.logThreshold)
            .verify(bundle.entries, body: body, leaf: leaf)
    }

    /// The times of the timestamps that hold; those that do not are ignored, as sigstore-go does, unless they are needed.
    private func verifyTimestamps(_ bundle: Bundle) throws(Rejection) -> [Timestamp] {
        guard let trust else { throw Rejection(.time, "there is no trusted root to verify timestamps with") }
        var verification = TimestampVerification(trust: trust)
        var seen: Set<[UInt8]> = []
        var outcomes: [TimestampVerification.Outcome] = []
        var failure: Rejection?
        for timestamp in bundle.timestamps where seen.insert(timestamp).inserted {
            do {
                outcomes.append(try verification.verify(timestamp, over: bundle.signature))
            } catch {
                failure = failure ?? error
            }
        }
        // Without any other trusted time, why a timestamp fails is the reason to tell.
        if outcomes.isEmpty, let failure, bundle.entries.allSatisfy({ $0.promise == nil }) { throw failure }
        let parties = Set(outcomes.map(\.party))
        guard parties.count >= policy.timestampThreshold else {  // check: timestamp-threshold
            throw failure
                ?? Rejection(
                    .time,
                    "it has timestamps of \(parties.count) authorities; \(policy.timestampThreshold) are needed")
        }
        return outcomes.map(\.time)
    }
}

/// The algorithms that a key may have signed with: its kind's own, and SHA-256 for the larger curves, as cosign 2 did.
enum SignatureSchemes {
    static func of(_ key: PublicKey) -> [SignatureAlgorithm] {
        let own = key.kind.defaultAlgorithm
        if case .ecdsa = key.kind, own != .ecdsa(.sha256) { return [own, .ecdsa(.sha256)] }
        return [own]
    }
}

extension Rejection {
    static func identity(_ identity: CertificateIdentity, _ matchers: [IdentityMatcher]) -> Rejection {
        let wanted = matchers.prefix(4).map(\.description).joined(separator: ", or ")
        let more = matchers.count > 4 ? " (and \(matchers.count - 4) more)" : ""
        return Rejection(.identity, "it is signed by \(identity), but accepted is \(wanted)\(more)")
    }

    static func wrongKey(_ keys: [PublicKey]) -> Rejection {
        let tried = keys.lazy.map { "\($0.kind) \($0.fingerprint)" }.listed(atMost: 4)
        return Rejection(.wrongKey, "it is not signed with any of the accepted keys (tried \(tried))")
    }
}
