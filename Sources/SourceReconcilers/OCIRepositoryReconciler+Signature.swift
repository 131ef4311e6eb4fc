internal import ControllerRuntime
internal import Core
internal import KubernetesAPI
internal import OCI

extension OCIRepositoryReconciler {
    /// Whether a judgement from before still holds; it is then observed again.
    func keepsVerdict(
        _ requirement: SignatureRequirement?, _ digest: Digest, _ location: RepositoryReference, revision: String,
        _ run: ReconcileRun, _ observation: inout Observation
    ) -> Bool {
        guard let requirement else { return true }
        let subject = VerdictCache.Subject(location, digest, requirement)
        guard let judgement = verdicts.judgement(on: subject, of: run.object.key, at: time.now) else { return false }
        observe(judgement, revision: revision, &observation)
        return true
    }

    /// Verification comes before anything of the artifact is fetched, and is about the digest that will be fetched.
    func verify(
        _ source: ResolvedSource, _ requirement: SignatureRequirement, through access: VerificationAccess,
        _ run: ReconcileRun, _ observation: inout Observation
    ) async throws(ReconcileFailure) {
        if keepsVerdict(
            requirement, source.digest, source.location, revision: source.revision, run, &observation)
        {
            return
        }
        let judgement = try await judge(source, requirement, through: access, run)
        observe(judgement, revision: source.revision, &observation)
        run.request.logger.info(
            "Judged the signatures",
            ["revision": .string(source.revision), "signer": .string(judgement.signer?.summary ?? "none asked for")])
    }

    /// Asks the registry for signatures, judges them and keeps the judgement.
    func judge(
        _ source: ResolvedSource, _ requirement: SignatureRequirement, through access: VerificationAccess,
        _ run: ReconcileRun
    ) async throws(ReconcileFailure) -> SignatureJudgement {
        let begin = time.uptime
        let judgement = try await requirement.verify(source, through: access)
        metrics.verified(requirement.provider, took: time.uptime - begin)
        do {
            try await verdicts.keep(
                judgement, on: VerdictCache.Subject(source.location, source.digest, requirement), of: run.object.key,
                besides: run.object.status.artifact?.revisionDigest)
        } catch {
            // The next reconcile verifies again, which costs requests and no more.
            run.request.logger.error("The verdict on the signature could not be kept", error: error)
        }
        return judgement
    }

    private func observe(_ judgement: SignatureJudgement, revision: String, _ observation: inout Observation) {
        guard let signer = judgement.signer else {
            observation.signature = .ignored
            return
        }
        observation.signature = .verified(
            message: "verified signature of revision \(revision), \(signer.summary)", annotations: signer.annotations)
    }
}
