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
        let subject = VerdictCache.Subject(
            repository: location.description, digest: digest, requirement: requirement.fingerprint)
        guard let judgement = verdicts.judgement(on: subject, of: run.object.key, at: time.now) else { return false }
        observe(judgement, revision: revision, &observation)
        return true
    }

    /// Verification comes before anything of the artifact is fetched, and is about the digest that will be fetched.
    func verify(
        _ source: ResolvedSource, _ requirement: SignatureRequirement, in repository: any SourceRepository,
        _ run: ReconcileRun, _ observation: inout Observation
    ) async throws(ReconcileFailure) {
        if keepsVerdict(
            requirement, source.digest, source.location, revision: source.revision, run, &observation)
        {
            return
        }
        let begin = time.uptime
        let judgement = try await requirement.verify(source, in: repository)
        metrics.verified(requirement.provider, took: time.uptime - begin)
        verdicts.keep(
            judgement,
            on: .init(
                repository: source.location.description, digest: source.digest, requirement: requirement.fingerprint),
            of: run.object.key)
        observe(judgement, revision: source.revision, &observation)
        run.request.logger.info(
            "Judged the signatures",
            ["revision": .string(source.revision), "signer": .string(judgement.signer ?? "none asked for")])
    }

    private func observe(_ judgement: SignatureJudgement, revision: String, _ observation: inout Observation) {
        observation.signature =
            judgement.signer.map { .verified(message: "verified signature of revision \(revision), \($0)") } ?? .ignored
    }
}
