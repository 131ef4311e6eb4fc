internal import Core
internal import Cryptography
internal import HTTPTransport
internal import KubernetesAPI
internal import Verification

/// Reads what objects' `spec.verify` names. Secrets are read anew for every reconcile, so that a rotated key counts at once.
struct SignatureRequirements: Sendable {
    private let trust: any SigstoreTrust
    /// Whether keyless verification without `matchOIDCIdentity` accepts everybody (`--insecure-accept-any-identity`).
    private let acceptsAnyIdentity: Bool
    private let revocation: @Sendable (ConnectionPolicy) -> any RevocationFetching
    private let time: any TimeSource
    private let executor = BlockingExecutor(label: "revocation", width: 2)

    init(
        trust: any SigstoreTrust, acceptsAnyIdentity: Bool,
        revocation: @escaping @Sendable (ConnectionPolicy) -> any RevocationFetching, time: any TimeSource
    ) {
        self.revocation = revocation
        self.time = time
        self.trust = trust
        self.acceptsAnyIdentity = acceptsAnyIdentity
    }

    /// The requirement of `object`; nil when it has none.
    func requirement(
        of object: OCIRepository, secrets: SecretReader
    ) async throws(ReconcileFailure) -> SignatureRequirement? {
        guard let verify = object.spec.verify else { return nil }
        switch verify.provider {
        case .cosign:
            let provider = verify.secretRef == nil ? "cosign keyless" : "cosign"
            do {
                return try await cosign(verify, provider, secrets)
            } catch {
                throw .verification(provider, error)
            }
        case .notation:
            do {
                return try await notation(verify, secrets)
            } catch {
                throw .verification("notation", error)
            }
        }
    }

    private func notation(
        _ verify: OCIRepositorySpec.Verification, _ secrets: SecretReader
    ) async throws -> SignatureRequirement {
        guard let reference = verify.secretRef else {
            throw SecretProblem(
                "spec.verify.secretRef is missing; name a Secret with '\(NotationTrust.policyKey)' and certificates")
        }
        let field = "spec.verify.secretRef"
        let secret = try await secrets.secret(reference.name, field: field)
        let trust: NotationTrust
        do throws(VerificationError) {
            trust = try NotationTrust(secretData: secret.data.mapValues(\.revealed))
        } catch {
            throw SecretProblem(secret, field, error.message)
        }
        return SignatureRequirement(provider: "notation", fingerprint: trust.digest) {
            [revocation, time, executor] source, access in
            let asking = access.bounding(revocation(access.connection), time: time)
            let verifier = NotationVerifier(trust: trust, revocation: asking, time: time, executor: executor)
            let verdict = try await verifier.verify(
                source.descriptor, repository: source.location, in: access.repository)
            switch verdict.result {
            case .verified(let signature):
                return SignatureJudgement(
                    signer: SignatureSigner(signature, summary: verdict.description), validUntil: verdict.validUntil)
            case .ignored: return SignatureJudgement(signer: nil, validUntil: verdict.validUntil)
            }
        }
    }

    private func cosign(
        _ verify: OCIRepositorySpec.Verification, _ provider: String, _ secrets: SecretReader
    ) async throws -> SignatureRequirement {
        let own = try await ownTrust(verify, secrets)
        let policy: SignaturePolicy
        var material = own
        if let reference = verify.secretRef {
            policy = try SignaturePolicy(keys: try await keys(reference.name, secrets))
        } else {
            policy = try SignaturePolicy(identities: try matchers(verify))
            if material == nil { material = try await trust.material() }
        }
        // Keys have no end, and ask nothing of the trusted root.
        let root = verify.secretRef == nil ? material?.root : nil
        let verifier = CosignVerifier(policy: policy, trust: material?.root, time: time)
        let basis = "\(provider) \(policy.digest) \(material?.digest.description ?? "-")"
        return SignatureRequirement(provider: provider, fingerprint: Digest.of([UInt8](basis.utf8))) {
            [time] source, access in
            let signature = try await verifier.verify(
                source.digest, reference: "\(source.location)@\(source.digest)", in: access.repository)
            return SignatureJudgement(
                signer: SignatureSigner(signature), validUntil: root?.nextEnd(after: time.now))
        }
    }

    private func matchers(_ verify: OCIRepositorySpec.Verification) throws -> [IdentityMatcher] {
        if verify.matchOIDCIdentity.isEmpty {
            guard acceptsAnyIdentity else {
                throw SecretProblem(
                    "keyless verification would accept anybody: add who may sign to 'spec.verify.matchOIDCIdentity' "
                        + "(issuer and subject), or name a Secret with public keys in 'spec.verify.secretRef'")
            }
            return SignaturePolicy.anyIdentity
        }
        let count = verify.matchOIDCIdentity.count
        // Before any is compiled: there is room in an object for as many as take all memory.
        guard count <= SignaturePolicy.maximumMatchers else {
            throw SecretProblem(
                "spec.verify.matchOIDCIdentity has \(count) entries; join their expressions with '|', \(SignaturePolicy.maximumMatchers) are accepted"
            )
        }
        return try verify.matchOIDCIdentity.map {
            try IdentityMatcher(issuerPattern: $0.issuer, subjectPattern: $0.subject)
        }
    }

    private func ownTrust(
        _ verify: OCIRepositorySpec.Verification, _ secrets: SecretReader
    ) async throws -> TrustMaterial? {
        guard let reference = verify.trustedRootSecretRef else { return nil }
        let field = "spec.verify.trustedRootSecretRef"
        let secret = try await secrets.secret(reference.name, field: field)
        guard let bytes = secret.data["trusted_root.json"]?.revealed else {
            throw SecretProblem(secret, field, "has no key 'trusted_root.json'")
        }
        do throws(VerificationError) {
            return try TrustMaterial(parsing: bytes, digest: Digest.of(bytes))
        } catch {
            throw SecretProblem(secret, field, "key 'trusted_root.json': \(error)")
        }
    }

    private func keys(_ name: String, _ secrets: SecretReader) async throws -> [PublicKey] {
        let field = "spec.verify.secretRef"
        let secret = try await secrets.secret(name, field: field)
        let entries = secret.data.filter { $0.key.hasSuffix(".pub") }.sorted { $0.key < $1.key }
        guard !entries.isEmpty else {
            throw SecretProblem(
                secret, field, "has no key whose name ends in '.pub'; add the public key as 'cosign.pub'")
        }
        guard entries.count <= SignaturePolicy.maximumKeys else {
            throw SecretProblem(
                secret, field,
                "has \(entries.count) keys whose names end in '.pub'; remove those that are not needed, \(SignaturePolicy.maximumKeys) are accepted"
            )
        }
        return try entries.map { entry in
            do throws(CryptographyError) {
                return try PublicKey(pem: entry.value.revealed)
            } catch {
                throw SecretProblem(secret, field, "key '\(entry.key)': \(error)")
            }
        }
    }
}
