package import Core
package import OCI

/// Finds the cosign signatures of a manifest in its repository and judges them: bundles that refer to it (cosign 3) and
/// layers of its `.sig` tag (cosign 2). One that satisfies the policy suffices, wherever it is.
package struct CosignVerifier: Sendable {
    /// Where signatures are looked up.
    package typealias Source = ManifestFetching & BlobFetching & ReferrerListing

    /// How much is looked at; the rest is as if it did not exist.
    package struct Limits: Sendable, Hashable {
        /// Referrers that are listed.
        package var referrers = 1000
        /// Referrers whose manifest is fetched first: those that say they are bundles with a signature, newest first.
        package var newestReferrers = 32
        /// Referrers that are fetched at the end, drawn by lot.
        package var otherReferrers = 96
        /// Layers of a `.sig` tag, newest first.
        package var layers = 64

        package init() {}
    }

    /// Bytes of a payload in a `.sig` tag.
    static let maximumPayload = 1 << 20
    private static let bundleMediaType = "application/vnd.dev.sigstore.bundle"

    private let policy: SignaturePolicy
    private let trust: TrustedRoot?
    private let limits: Limits
    private let time: any TimeSource

    /// A verifier by a policy.
    /// - Parameters:
    ///   - trust: needed unless the policy accepts keys and asks for no log.
    ///   - time: tells which referrers say that they are of the future.
    package init(
        policy: SignaturePolicy, trust: TrustedRoot?, limits: Limits = Limits(), time: any TimeSource = SystemTime()
    ) {
        self.time = time
        self.policy = policy
        self.trust = trust
        self.limits = limits
    }

    /// Judges the signatures of the manifest with this digest.
    /// - Parameters:
    ///   - digest: the digest that will be pulled; every signature is compared with it.
    ///   - reference: the artifact's name in messages.
    /// - Throws: `VerificationError`: `.noMatchingSignature` with a finding for each signature; `.lookup` when none was
    ///   found to satisfy the policy but some could not be fetched.
    package func verify(
        _ digest: Digest, reference: String, in source: any Source
    ) async throws(VerificationError) -> VerifiedSignature {
        var search = SignatureSearch(reference: reference, tag: Self.tag(of: digest))
        let referrers = await selection(digest, source, &search)
        for descriptor in referrers?.newest ?? [] {
            guard await search.goesOn() else { throw search.failure() }
            if let verified = await verify(descriptor, digest, source, &search) { return verified }
        }
        if let verified = await verifyTag(digest, source, &search) { return verified }
        search.bytes = 0
        if let referrers, referrers.isDrawn { search.goOnByLot(referrers.others.count) }
        for descriptor in referrers?.others ?? [] {
            guard await search.goesOn() else { throw search.failure() }
            guard search.bytes < ReferrerSelection.maximumBytes else {  // check: search-bytes
                search.skip()
                continue
            }
            if let verified = await verify(descriptor, digest, source, &search) { return verified }
        }
        throw search.failure()
    }

    /// The tag that cosign 2 stores a manifest's signatures under; too long to be one for a SHA-512 digest.
    package static func tag(of digest: Digest) -> String { "\(digest.algorithm.rawValue)-\(digest.hex).sig" }

    /// Which referrers are looked at; nil where they cannot be listed.
    private func selection(
        _ digest: Digest, _ source: any Source, _ search: inout SignatureSearch
    ) async -> ReferrerSelection? {
        do {
            let listed = try await source.referrers(of: digest, artifactType: nil, limit: limits.referrers)
            search.isListFull = listed.count >= limits.referrers
            let selection = selection(listed)
            search.skip(selection.skipped)
            return selection
        } catch {
            search.failed(error, at: "the list of referrers")
            return nil
        }
    }

    /// Judges the bundle that a referrer holds.
    private func verify(
        _ descriptor: Descriptor, _ digest: Digest, _ source: any Source, _ search: inout SignatureSearch
    ) async -> VerifiedSignature? {
        let place = "bundle \(descriptor.digest)"
        search.examine()
        do {
            guard let bytes = try await bundle(descriptor, source, &search) else { return nil }
            let bundle = try Bundle(parsing: bytes)
            guard bundle.version == .v0_3 else {  // check: registry-version
                throw Rejection(.unsupported, "bundles older than 0.3 are not accepted from a registry")
            }
            guard bundle.isEnvelope else {  // check: registry-envelope
                throw Rejection(.unsupported, "bundles without an envelope are not accepted from a registry")
            }
            return try BundleVerifier(policy: policy, trust: trust).verify(bundle, artifact: .digest(digest))
        } catch let rejection as Rejection {
            search.found(place, rejection)
        } catch is OCIError {
            // What is no manifest that we know holds no signature.
        } catch {
            search.failed(error, at: place)
        }
        return nil
    }

    /// The bundle that a referrer holds; nil when it holds something else.
    private func bundle(
        _ descriptor: Descriptor, _ source: any Source, _ search: inout SignatureSearch
    ) async throws -> [UInt8]? {
        let fetched = try await source.fetchManifest(.digest(descriptor.digest))
        search.bytes += fetched.bytes.count
        guard case .image(let manifest) = try fetched.parsed(), let layer = manifest.layers.first else { return nil }
        guard manifest.layers.count == 1 else {  // check: bundle-layers
            return nil
        }
        guard layer.mediaType.description.hasPrefix(Self.bundleMediaType) else {  // check: bundle-layer-type
            return nil
        }
        guard layer.size <= Int64(Bundle.maximumSize) else {  // check: bundle-size
            throw Rejection(.malformed, "it has \(layer.size) bytes, more than the limit of \(Bundle.maximumSize)")
        }
        search.bytes += Int(layer.size)
        return try await source.fetchBlob(layer, limit: Bundle.maximumSize)
    }

    /// The referrers, those first that say most clearly that they are signatures. What a descriptor says decides nothing
    /// else: an index under the fallback tag may say nothing.
    private func selection(_ descriptors: [Descriptor]) -> ReferrerSelection {
        func rank(_ descriptor: Descriptor) -> Int {
            let isBundle = descriptor.artifactType?.description.hasPrefix(Self.bundleMediaType) ?? false
            let predicate = descriptor.annotations["dev.sigstore.bundle.predicateType"]
            if isBundle { return predicate == nil || predicate == InTotoStatement.cosignSignature ? 0 : 2 }
            return 1
        }
        var seen: Set<Digest> = []
        let unique = descriptors.filter { seen.insert($0.digest).inserted }
        return ReferrerSelection(
            likely: (0...1).map { wanted in unique.filter { rank($0) == wanted } },
            unlikely: unique.filter { rank($0) == 2 }, newest: limits.newestReferrers, others: limits.otherReferrers,
            now: time.now)
    }

    private func verifyTag(
        _ digest: Digest, _ source: any Source, _ search: inout SignatureSearch
    ) async -> VerifiedSignature? {
        // A digest may be too long for a tag, which is then nobody's.
        guard (try? ManifestReference.validate(tag: search.tag)) != nil else { return nil }
        let manifest: ImageManifest
        do {
            let fetched = try await source.fetchManifest(.tag(search.tag))
            guard case .image(let image) = try fetched.parsed() else {
                search.found("the tag '\(search.tag)'", Rejection(.unsupported, "it is no image manifest"))
                return nil
            }
            manifest = image
        } catch let error as OCIError {
            search.found("the tag '\(search.tag)'", Rejection(.malformed, error.message))
            return nil
        } catch {
            if (error as? any FetchFailure)?.isNotFound != true { search.failed(error, at: "the tag '\(search.tag)'") }
            return nil
        }
        search.skip(max(0, manifest.layers.count - limits.layers))
        // Signers append: the newest is the last.
        for (index, layer) in manifest.layers.enumerated().suffix(limits.layers).reversed() {
            guard await search.goesOn() else { return nil }
            search.examine()
            let place = "signature \(index + 1) of the tag '\(search.tag)'"
            do {
                guard layer.size <= Int64(Self.maximumPayload) else {  // check: payload-size
                    throw Rejection(
                        .malformed, "it has \(layer.size) bytes, more than the limit of \(Self.maximumPayload)")
                }
                let payload = try await source.fetchBlob(layer, limit: Self.maximumPayload)
                let signature = try LegacySignature(payload: payload, annotations: layer.annotations)
                return try LegacyVerifier(policy: policy, trust: trust).verify(signature, of: digest)
            } catch let rejection as Rejection {
                search.found(place, rejection)
            } catch {
                search.failed(error, at: place)
            }
        }
        return nil
    }
}
