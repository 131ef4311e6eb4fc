internal import Core
internal import Cryptography
internal import OCI

/// Judges one signature envelope by a statement of a trust policy.
struct NotationSignatureVerification: Sendable {
    /// What a signature that counts came to.
    struct Outcome: Sendable {
        let signature: VerifiedSignature
        /// What failed, but is only logged.
        let logged: [Rejection]
        /// Whether the signer is trusted; may be false only where authenticity is logged.
        let isAuthentic: Bool
        let validUntil: Timestamp?
    }

    let statement: TrustPolicyStatement
    let stores: TrustStores
    let revocation: RevocationVerification
    let now: Timestamp

    /// What the checks of one signature have come to so far.
    private struct Progress {
        var logged: [Rejection] = []
        var times: [Timestamp] = []
        var ends: [Timestamp] = []

        /// A check's failure: the end, or something to tell.
        mutating func failed(_ rejection: Rejection, _ action: VerificationLevel.Action) throws(Rejection) {
            guard action != .enforce else {  // check: notation-enforce
                throw rejection
            }
            logged.append(rejection)
        }
    }

    /// Fails with the first reason why the signature does not count.
    func verify(_ envelope: NotationEnvelope, of descriptor: Descriptor) async throws(Rejection) -> Outcome {
        let signer = try verifyIntegrity(envelope)
        try NotationPayload.verify(envelope.payload, isAbout: descriptor)  // check-call: notation-payload
        var progress = Progress()
        let trusted = try verifyAuthenticity(envelope, signer, &progress)
        try verifyExpiry(envelope, &progress)  // check-call: notation-expires
        try await verifyTime(envelope, &progress)  // check-call: notation-time
        if statement.level.revocation != .skip {
            do {
                try await verifyRevocation(envelope, trusted, &progress)  // check-call: notation-revocation
            } catch {
                try progress.failed(error, statement.level.revocation)
            }
        }
        return Outcome(
            signature: VerifiedSignature(
                signer: .subject(signer), format: .notation, logIndex: nil, times: progress.times, predicateType: nil),
            logged: progress.logged, isAuthentic: trusted != nil, validUntil: progress.ends.min())
    }

    /// The envelope by itself: its chain, and the signature by the chain's first certificate.
    private func verifyIntegrity(_ envelope: NotationEnvelope) throws(Rejection) -> Certificate {
        guard let leaf = envelope.chain.first else { throw Rejection(.certificate, "it has no certificate") }
        let key: PublicKey
        do {
            key = try leaf.publicKey()
        } catch {
            throw Rejection(.unsupported, "the signing certificate's key is not usable: \(error.message)")
        }
        guard let algorithm = NotationAlgorithm(for: key.kind) else {
            throw Rejection(
                .unsupported,
                "a signing key of kind \(key.kind) is not accepted; use RSA of 2048, 3072 or 4096 bits or ECDSA")
        }
        guard algorithm == envelope.algorithm else {  // check: notation-algorithm
            throw Rejection(
                .malformed,
                "the algorithm \(envelope.algorithm.rawValue) does not go with the signing key (\(key.kind))")
        }
        let isSigned = envelope.algorithm.isValid(envelope.signature, over: envelope.signedBytes, by: key)
        guard isSigned else {  // check: notation-signature
            throw Rejection(.invalidSignature, "the signature is not by the key of its certificate")
        }
        try CertificateChainRules(purpose: .codeSigning).verify(envelope.chain)  // check-call: notation-chain
        return leaf
    }

    /// How many certificates of the chain, from the signer's, lead up to a trusted one; nil when the signer is not trusted
    /// and that is only logged.
    private func verifyAuthenticity(
        _ envelope: NotationEnvelope, _ signer: Certificate, _ progress: inout Progress
    ) throws(Rejection) -> Int? {
        let action = statement.level.authenticity
        var trusted: Int?
        do {
            trusted = try trustedCount(envelope)
            try verifyIdentity(signer)  // check-call: notation-identities
        } catch {
            trusted = nil
            try progress.failed(error, action)
        }
        return trusted
    }

    private func trustedCount(_ envelope: NotationEnvelope) throws(Rejection) -> Int {
        let type: TrustStoreType = envelope.attributes.scheme == .x509 ? .ca : .signingAuthority
        let wanted = statement.stores.filter { $0.type == type }  // check-filter: notation-store-type
        let certificates = Set(wanted.flatMap { stores.certificates(in: $0) })
        guard let index = envelope.chain.firstIndex(where: { certificates.contains($0) }) else {
            let names = wanted.map(\.description).listed(atMost: 8)
            let root = envelope.chain.last.map { shown($0.subject.description) } ?? ""
            throw Rejection(
                .untrusted,
                wanted.isEmpty
                    ? "the trust policy names no trust store of type '\(type.rawValue)', which its signing scheme needs"
                    : "no certificate of its chain (root '\(root)') is among the \(certificates.count) in \(names)")
        }
        return index + 1
    }

    private func verifyIdentity(_ signer: Certificate) throws(Rejection) {
        guard case .subjects(let subjects) = statement.identities else { return }
        let subject = try TrustedSubject(of: signer)
        guard subjects.contains(where: { $0.isContained(in: subject) }) else {  // check: notation-identity
            throw Rejection(
                .identity,
                "it is signed by '\(shown(signer.subject.description))', who is none of the "
                    + "\(subjects.count) trusted identities of the trust policy '\(shown(statement.name, limit: 80))'")
        }
    }

    private func verifyExpiry(_ envelope: NotationEnvelope, _ progress: inout Progress) throws(Rejection) {
        guard let expiry = envelope.attributes.expiry else { return }
        do throws(Rejection) {
            guard now < expiry else {  // check: notation-expiry
                throw Rejection(.expired, "the signature expired at \(expiry.rfc3339)")
            }
            progress.ends.append(expiry)
        } catch {
            try progress.failed(error, statement.level.expiry)
        }
    }

    private func verifyTime(_ envelope: NotationEnvelope, _ progress: inout Progress) async throws(Rejection) {
        do {
            switch envelope.attributes.scheme {
            case .signingAuthority:
                let time = envelope.attributes.authenticSigningTime ?? now
                let when = "when the signing authority signed"
                try Self.verify(envelope.chain, from: time, to: time, when)  // check-call: notation-authority-time
                progress.times.append(time)
            case .x509 where asksForTimestamp(envelope.chain):
                let outcome = try await verifyTimestamp(envelope, &progress)
                progress.times.append(outcome.earliest)
            case .x509:
                let when = "now, and no timestamp is asked for"
                try Self.verify(envelope.chain, from: now, to: now, when)  // check-call: notation-now
                progress.ends += envelope.chain.map(\.notAfter)
            }
        } catch {
            try progress.failed(error, statement.level.authenticTimestamp)
        }
    }

    private func asksForTimestamp(_ chain: [Certificate]) -> Bool {
        guard statement.stores.contains(where: { $0.type == .tsa }) else { return false }
        return !statement.timestampsAfterExpiryOnly || chain.contains { $0.notAfter < now }
    }

    private func verifyTimestamp(
        _ envelope: NotationEnvelope, _ progress: inout Progress
    ) async throws(Rejection) -> CountersignatureVerification.Outcome {
        guard let token = envelope.timestamp else {
            throw Rejection(.time, "it has no timestamp, which the trust policy asks for")
        }
        let names = statement.stores.filter { $0.type == .tsa }  // check-filter: notation-tsa-store
        let anchors = names.flatMap { stores.certificates(in: $0) }
        let outcome = try CountersignatureVerification(anchors: anchors).verify(token, over: envelope.signature)
        let when = "at the time of its timestamp"
        let (from, to) = (outcome.earliest, outcome.latest)
        try Self.verify(envelope.chain, from: from, to: to, when)  // check-call: notation-stamped-time
        do {
            let until = try await revocation.verify(outcome.path, first: outcome.path.count, signedAt: nil)
            if let until { progress.ends.append(until) }
        } catch {
            throw Rejection(error.code, "the timestamp authority: \(error.message)")
        }
        return outcome
    }

    private static func verify(
        _ chain: [Certificate], from earliest: Timestamp, to latest: Timestamp, _ when: String
    ) throws(Rejection) {
        let invalid = chain.first { !($0.isValid(at: earliest) && $0.isValid(at: latest)) }
        guard invalid == nil else {  // check: notation-chain-validity
            let name = shown(invalid?.subject.description ?? "")
            throw Rejection(.expired, "the certificate '\(name)' is not valid \(when)")
        }
    }

    /// Asks about the certificates up to the trusted one. Those above it are not relied on; whoever made the envelope could
    /// have put any there, and with them the URLs to ask.
    private func verifyRevocation(
        _ envelope: NotationEnvelope, _ trusted: Int?, _ progress: inout Progress
    ) async throws(Rejection) {
        guard let trusted else {
            throw Rejection(.revocationUnknown, "revocation is not asked about for a signer that is not trusted")
        }
        let until = try await revocation.verify(
            envelope.chain, first: trusted, signedAt: envelope.attributes.authenticSigningTime)
        if let until { progress.ends.append(until) }
    }
}
