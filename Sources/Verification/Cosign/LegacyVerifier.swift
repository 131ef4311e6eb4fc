internal import Core
internal import Cryptography

/// Judges signatures as cosign 2 stores them, offline.
struct LegacyVerifier: Sendable {
    let policy: SignaturePolicy
    let trust: TrustedRoot?

    /// Judges a signature of the manifest with this digest.
    func verify(_ signature: LegacySignature, of digest: Digest) throws(Rejection) -> VerifiedSignature {
        try SimpleSigningPayload.verify(signature.payload, isAbout: digest)  // check-call: legacy-payload
        switch policy.signers {
        case .keys(let keys):
            guard let key = keys.first(where: { isSigned(signature, $0) }) else { throw Rejection.wrongKey(keys) }
            let log = try verifyLog(signature, signer: .key(key), leaf: nil)
            return VerifiedSignature(
                signer: .key(key), format: .simpleSigning, logIndex: log.index, times: log.times, predicateType: nil)
        case .identities(let matchers): return try verify(signature, matchers)
        }
    }

    private func verify(
        _ signature: LegacySignature, _ matchers: [IdentityMatcher]
    ) throws(Rejection) -> VerifiedSignature {
        guard let trust else { throw Rejection(.certificate, "there is no trusted root to verify certificates with") }
        guard let leaf = signature.certificate else {
            throw Rejection(.identity, "it is signed with a key, but a certificate with an identity is expected")
        }
        let key: PublicKey
        do {
            key = try leaf.publicKey()
        } catch {
            throw Rejection(.unsupported, "the certificate's key is not usable: \(error.message)")
        }
        guard isSigned(signature, key) else {  // check: legacy-signature
            throw Rejection(.invalidSignature, "the signature is not by the key of its certificate")
        }
        let identity = try CertificateIdentity(leaf)
        // Upstream compares every alternative name here, and only the first in bundles.
        let accepted = identity.subjects.first { subject in
            matchers.contains { $0.accepts(identity.issuer, subject) }
        }
        guard accepted != nil else {  // check: legacy-identity
            throw Rejection.identity(identity, matchers)
        }
        guard policy.timestampThreshold == 0 else {  // check: legacy-timestamps
            throw Rejection(.unsupported, "timestamps of signatures in '.sig' tags are not supported; sign a bundle")
        }
        let log = try verifyLog(signature, signer: .certificate(leaf), leaf: leaf)
        try CertificateVerification(trust: trust, certificateLogThreshold: policy.certificateLogThreshold)
            .verify(leaf, at: log.times)
        return VerifiedSignature(
            signer: .identity(identity.named(accepted ?? identity.subject)), format: .simpleSigning,
            logIndex: log.index, times: log.times, predicateType: nil)
    }

    private func isSigned(_ signature: LegacySignature, _ key: PublicKey) -> Bool {
        SignatureSchemes.of(key).contains { key.isValidSignature(signature.signature, over: signature.payload, $0) }
    }

    private func verifyLog(
        _ signature: LegacySignature, signer: LogEntryBody.Signer, leaf: Certificate?
    ) throws(Rejection) -> EntryVerification.Outcome {
        guard policy.logThreshold > 0 else { return EntryVerification.Outcome() }
        guard let entry = signature.entry else {
            // The log is not asked over the network: cosign writes the entry beside every signature it logs.
            throw Rejection(.unknownLog, "it has no log entry (annotation 'dev.sigstore.cosign/bundle')")
        }
        let body = LogEntryBody(
            signer: signer, signature: signature.signature, subject: .artifact([Digest.of(signature.payload)]))
        return try EntryVerification(trust: trust, threshold: policy.logThreshold)
            .verify([entry], body: body, leaf: leaf)
    }
}
