internal import ArtifactStore
internal import ControllerRuntime
internal import Core
internal import KubernetesAPI
internal import OCI
internal import RegistryClient

/// What the stored artifact of an object has to satisfy, as far as a reconcile came to know it.
struct SignatureDemand: Sendable {
    /// False while the policy cannot be met: its Secret, a key or the trust material is not there or cannot be used.
    var isUsable = true
    /// The policy and the repository that the signatures are in; nil where there is none, or it was not read.
    var subject: (requirement: SignatureRequirement, location: RepositoryReference)?
    /// How the registry is reached; nil where the reconcile did not come to know it.
    var access: RegistryAccess?
    /// What was judged; nil where the reconcile did not come to it.
    var judged: Digest?
}

extension OCIRepositoryReconciler {
    /// The most of `spec.timeout` that counts for judging what is stored. With the time of what failed before it must come to
    /// its end within the time of a reconcile: a registry that answers slowly enough would keep the artifact served.
    private static let longestSecondLook = Duration.seconds(900)

    /// Takes the stored artifact out of serving after a failed reconcile, unless a signature vouches for it by the policy as
    /// it is now, or the operator wants it served all the same (`--serve-unverified-artifacts`).
    ///
    /// A tag that was moved to something unsigned thus leaves the verified artifact served; a registry that hides the
    /// signatures after a key was taken away does not. A Kubernetes API that does not answer changes nothing.
    /// - Returns: the failure, with what became of the artifact.
    func withholdUnlessVerified(
        _ demand: SignatureDemand, after failure: ReconcileFailure, _ run: ReconcileRun,
        _ observation: inout Observation
    ) async -> ReconcileFailure {
        guard !configuration.servesUnverifiedArtifacts, !Task.isCancelled else { return failure }
        switch observation.content {
        case .notExamined, .absent, .disappeared: return failure
        case .withheld: break
        case .present(let artifact, _):
            if await isVerified(artifact, demand, run) { return failure }
            // Whoever was interrupted while asking has learnt nothing.
            guard !Task.isCancelled else { return failure }
            observation.content = .withheld
            run.request.logger.info("Withholding the stored artifact", ["revision": .string(artifact.revision)])
        }
        do {
            // Also of what is withheld already: that may not have been written down.
            try await store.withhold(run.object.key.storeKey)
        } catch {
            // It is out of serving, but the next start would not know.
            run.request.logger.error("The withheld artifact could not be marked as such", error: error)
        }
        return failure.extended("; what is stored is withheld (--serve-unverified-artifacts=false)")
    }

    private func isVerified(_ artifact: Artifact, _ demand: SignatureDemand, _ run: ReconcileRun) async -> Bool {
        guard demand.isUsable else { return run.secrets.isUncertain }
        guard let (requirement, location) = demand.subject else { return true }
        guard let digest = artifact.revisionDigest else { return false }
        let subject = VerdictCache.Subject(location, digest, requirement)
        if verdicts.judgement(on: subject, of: run.object.key, at: time.now) != nil { return true }
        // What the reference names now was refused, which says nothing of what it named before.
        guard demand.judged != digest else { return false }
        guard var access = demand.access else { return run.secrets.isUncertain }
        // What failed may have used up its time, so that this has its own: nobody was asked about the stored artifact yet.
        access.timeout = min(access.timeout ?? Self.longestSecondLook, Self.longestSecondLook)
        let repository = registry.repository(location, access: access)
        let verification = VerificationAccess(repository, access, time: time)
        do throws(ReconcileFailure) {
            let source = try await ResolvedSource.resolve(
                .digest(digest), of: run.object.spec, at: location, in: repository)
            _ = try await judge(source, requirement, through: verification, run)
            return true
        } catch {
            return false
        }
    }
}

extension Artifact {
    /// The manifest's digest in a revision: what is behind the last `@`, or all of it.
    var revisionDigest: Digest? {
        let start = revision.utf8.lastIndex(of: UInt8(ascii: "@")).map { revision.utf8.index(after: $0) }
        return try? Digest(parsing: revision[(start ?? revision.startIndex)...])
    }
}
