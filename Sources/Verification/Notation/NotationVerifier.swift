package import Core
internal import Cryptography
package import OCI

/// Finds the Notary Project signatures of a manifest among its referrers and judges them by a trust policy. One that
/// satisfies it suffices.
package struct NotationVerifier: Sendable {
    /// Where signatures are looked up.
    package typealias Source = ManifestFetching & BlobFetching & ReferrerListing

    /// How much is looked at; the rest is as if it did not exist.
    package struct Limits: Sendable, Hashable {
        /// Referrers that are listed.
        package var referrers = 1000
        /// Signatures that are fetched and judged first, newest first. Upstream stops after three, so that three bad
        /// signatures, which anybody who may push can add, hide a good one.
        package var newestSignatures = 32
        /// Signatures that are fetched and judged at the end, drawn by lot.
        package var otherSignatures = 96

        package init() {}
    }

    /// What a referrer that is a signature says it is.
    package static let artifactType: MediaType = "application/vnd.cncf.notary.signature"

    private let trust: NotationTrust
    private let fetcher: (any RevocationFetching)?
    private let limits: Limits
    private let time: any TimeSource
    private let executor: BlockingExecutor

    /// A verifier by a trust policy.
    /// - Parameters:
    ///   - revocation: asks about revocation; nil asks nobody, and what names somebody to ask counts as unknown.
    ///   - executor: reads revocation lists, which may be large; shared by all verifiers, its width bounds what that costs.
    package init(
        trust: NotationTrust, revocation: (any RevocationFetching)?, limits: Limits = Limits(),
        time: any TimeSource = SystemTime(),
        executor: BlockingExecutor = BlockingExecutor(label: "revocation", width: 1)
    ) {
        self.executor = executor
        self.trust = trust
        fetcher = revocation
        self.limits = limits
        self.time = time
    }

    /// Judges the signatures of a manifest.
    /// - Parameters:
    ///   - descriptor: what will be pulled, as the registry resolved it; media type, digest and size are compared.
    ///   - repository: where it is; chooses the statement of the trust policy.
    /// - Throws: `VerificationError`: `.policy` when no statement applies; `.noMatchingSignature` with a finding for each
    ///   signature; `.lookup` when none was found to satisfy the policy but some could not be fetched.
    package func verify(
        _ descriptor: Descriptor, repository: RepositoryReference, in source: any Source
    ) async throws(VerificationError) -> NotationVerdict {
        guard let statement = trust.policy.statement(for: repository) else {
            throw VerificationError(
                .policy,
                "no statement of the trust policy applies to '\(repository)'; add it, or '*', to 'registryScopes'")
        }
        guard !statement.level.isSkip else {
            return verdict(.ignored("the trust policy skips verification"), statement, [], until: nil)
        }
        var search = SignatureSearch(
            reference: "\(repository)@\(descriptor.digest)",
            absence: "it has no referrer of the type '\(Self.artifactType)'")
        if let found = await find(descriptor, statement, source, &search) { return found }
        throw search.failure()
    }

    private func find(
        _ descriptor: Descriptor, _ statement: TrustPolicyStatement, _ source: any Source,
        _ search: inout SignatureSearch
    ) async -> NotationVerdict? {
        let listed: [Descriptor]
        do {
            listed = try await source.referrers(
                of: descriptor.digest, artifactType: Self.artifactType.description, limit: limits.referrers)
        } catch {
            search.failed(error, at: "the list of referrers")
            return nil
        }
        search.isListFull = listed.count >= limits.referrers
        let now = time.now
        let selection = selection(listed, now)
        search.skip(selection.skipped)
        let verification = NotationSignatureVerification(
            statement: statement, stores: trust.stores,
            revocation: RevocationVerification(fetcher: fetcher, now: now, executor: executor), now: now)
        var ignored: NotationVerdict?
        for (index, candidate) in (selection.newest + selection.others).enumerated() {
            guard await search.goesOn() else { return nil }
            let isOther = index >= selection.newest.count
            if index == selection.newest.count {
                search.bytes = 0
                if selection.isDrawn { search.goOnByLot(selection.others.count) }
            }
            guard !isOther || search.bytes < ReferrerSelection.maximumBytes else {  // check: notation-search-bytes
                search.skip()
                continue
            }
            let place = "signature \(candidate.digest)"
            search.examine()
            do {
                guard let envelope = try await envelope(candidate, source, &search) else { continue }
                let outcome = try await verification.verify(envelope, of: descriptor)
                let logged = outcome.logged.map { SignatureFinding(place: place, rejection: $0) }
                guard outcome.isAuthentic else {  // check: notation-ignored
                    // Another signature may be trusted.
                    ignored =
                        ignored
                        ?? verdict(
                            .ignored("the signer is not trusted, which the trust policy only logs"), statement, logged,
                            until: outcome.validUntil)
                    continue
                }
                return verdict(.verified(outcome.signature), statement, logged, until: outcome.validUntil)
            } catch let rejection as Rejection {
                search.found(place, rejection)
            } catch let error as OCIError {
                search.found(place, Rejection(.unsupported, shown(error.message)))
            } catch {
                search.failed(error, at: place)
            }
        }
        guard await search.goesOn() else { return nil }
        return ignored
    }

    /// The envelope that a referrer holds; nil when it is something else.
    private func envelope(
        _ descriptor: Descriptor, _ source: any Source, _ search: inout SignatureSearch
    ) async throws -> NotationEnvelope? {
        let fetched = try await source.fetchManifest(.digest(descriptor.digest))
        search.bytes += fetched.bytes.count
        guard case .image(let manifest) = try fetched.parsed() else { return nil }
        let types = [manifest.artifactType, manifest.config.mediaType]
        guard types.contains(Self.artifactType) else {  // check: notation-artifact-type
            return nil
        }
        guard let layer = manifest.layers.first else { throw Rejection(.malformed, "it has no layer") }
        guard manifest.layers.count == 1 else {  // check: notation-layers
            throw Rejection(.malformed, "it has \(manifest.layers.count) layers; a signature has one")
        }
        guard layer.size <= Int64(NotationEnvelope.maximumSize) else {  // check: notation-layer-size
            throw Rejection(
                .malformed, "it has \(layer.size) bytes, more than the limit of \(NotationEnvelope.maximumSize)")
        }
        search.bytes += Int(layer.size)
        let bytes = try await source.fetchBlob(layer, limit: NotationEnvelope.maximumSize)
        return try NotationEnvelope(bytes, mediaType: layer.mediaType.description)
    }

    /// The referrers that may be signatures: registries need not filter, and an index under the fallback tag may say nothing
    /// of their types. Those that say they are come first, newest first.
    private func selection(_ listed: [Descriptor], _ now: Timestamp) -> ReferrerSelection {
        var seen: Set<Digest> = []
        let unique = listed.filter { seen.insert($0.digest).inserted }
        return ReferrerSelection(
            likely: [Self.artifactType, nil].map { wanted in unique.filter { $0.artifactType == wanted } },
            newest: limits.newestSignatures, others: limits.otherSignatures, now: now)
    }

    private func verdict(
        _ result: NotationVerdict.Result, _ statement: TrustPolicyStatement, _ logged: [SignatureFinding],
        until: Timestamp?
    ) -> NotationVerdict {
        NotationVerdict(
            result: result, statement: statement.name, level: statement.level.name, logged: logged, validUntil: until)
    }
}
