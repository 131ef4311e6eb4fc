import ArtifactStore
import Core
import Cryptography
import Foundation
import HTTPServing
import KubernetesAPI
import OCI
import SourceReconcilers
import TestPKI
import TestSupport
import Testing

/// What somebody who may push, or who runs the registry, tries; each with the condition that results. The registry is a
/// scripted one: real ones do not misbehave on demand.
@Suite struct SignatureAttackTests {
    /// Bytes that are streamed at most before it is taken for granted that nobody stops the transfer.
    private static let gibibyte = 1 << 30
    /// What may be under way in sockets and buffers when a client leaves.
    private static let slack = 24 << 20

    private static func expectRefused(
        _ bench: Workbench, _ fragments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let status = try await bench.object().status
        let verified = try #require(
            status.condition(ConditionType.sourceVerified), "\(status.conditions)", sourceLocation: sourceLocation)
        #expect(
            verified.status == .no && verified.reason == ConditionReason.verificationError,
            sourceLocation: sourceLocation)
        for fragment in ["failed to verify the signature using provider 'cosign'"] + fragments {
            #expect(
                verified.message.contains(fragment), "'\(fragment)' is not in: \(verified.message)",
                sourceLocation: sourceLocation)
        }
        #expect(verified.message.utf8.count < 4000, sourceLocation: sourceLocation)
        #expect(status.condition(ConditionType.ready)?.message == verified.message, sourceLocation: sourceLocation)
    }

    /// Nothing of the content was asked for: verification comes before.
    private static func expectNotDownloaded(_ bench: Workbench, _ layer: [UInt8]) {
        let path = "/blobs/\(Digest.of(layer))"
        #expect(!bench.registry.exchanges.contains { $0.path.hasSuffix(path) }, "the content was downloaded")
    }

    /// Pushes `content` under `1.0.0` without a signature, and an object that wants one by `signer`.
    @discardableResult
    private static func prepare(
        _ bench: Workbench, _ signer: KeyedSigner, _ content: [UInt8] = TarArchive.layer(["a": "evil"])
    ) async throws -> Digest {
        let digest = bench.registry.push("1.0.0", layer: content)
        try await bench.createSecret("keys", ["cosign.pub": signer.publicKey], isSecret: false)
        try await bench.create("app", ["verify": ["secretRef": ["name": "keys"]]])
        return digest
    }

    @Test func aSignatureCopiedFromAnotherArtifact() async throws {
        try await Workbench.run { bench in
            let signer = try KeyedSigner()
            let evil = TarArchive.layer(["a": "evil"])
            let digest = try await Self.prepare(bench, signer, evil)
            let good = bench.registry.push("good", layer: TarArchive.layer(["a": "good"]))
            // Both formats, genuine and by the right key, but of the good artifact.
            bench.registry.sign(digest, [try signer.layer(of: good)])
            bench.registry.refer(to: digest, bundle: try signer.bundle(of: good))
            try await bench.reconcile()
            try await Self.expectRefused(
                bench, "bundle sha256:", "the signature is for another artifact", "signature 1 of the tag",
                good.description)
            Self.expectNotDownloaded(bench, evil)
        }
    }

    @Test(arguments: ["https://spdx.dev/Document", "https://slsa.dev/provenance/v1"])
    func anAttestationIsNoSignature(type: String) async throws {
        try await Workbench.run { bench in
            let signer = try KeyedSigner()
            let evil = TarArchive.layer(["a": "evil"])
            let digest = try await Self.prepare(bench, signer, evil)
            bench.registry.refer(to: digest, bundle: try signer.bundle(of: digest, predicateType: type))
            try await bench.reconcile()
            try await Self.expectRefused(bench, "it is a statement of type '\(type)', not a cosign signature")
            Self.expectNotDownloaded(bench, evil)
        }
    }

    @Test func aTagMovedToSomethingUnsigned() async throws {
        try await Workbench.run { bench in
            try await bench.createSigned(try KeyedSigner())
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            let evil = TarArchive.layer(["a": "evil"])
            let digest = bench.registry.push("1.0.0", layer: evil)
            try await bench.reconcile()
            try await Self.expectRefused(
                bench, digest.description, "it has neither a Sigstore bundle as a referrer nor the tag 'sha256-")
            #expect(try await bench.object().status.artifact == artifact, "what was verified stays")
            #expect(
                try await bench.condition(ConditionType.artifactOutdated)?.message
                    == "new revision '1.0.0@\(digest)' for '\(bench.host)/team/app:1.0.0'")
            Self.expectNotDownloaded(bench, evil)
            let version = try await bench.object().metadata.resourceVersion
            try await bench.reconcile()
            #expect(try await bench.object().metadata.resourceVersion == version, "the same again is no news")
        }
    }

    /// The signature holds, but what the registry then gives for the layer, or for the manifest, is something else.
    @Test(arguments: ["layer", "manifest"])
    func contentSwappedAfterVerification(what: String) async throws {
        try await Workbench.run { bench in
            let digest = try await bench.createSigned(try KeyedSigner())
            let evil = TarArchive.layer(["a": "evil!!"])
            if what == "layer" {
                bench.registry.swap(Digest.of(TarArchive.layer(["a": "signed"])), for: evil)
            } else {
                let config = Descriptor(mediaType: .fluxConfig, digest: bench.registry.store(blob: [1]), size: 1)
                let layer = Descriptor(
                    mediaType: .fluxContent, digest: bench.registry.store(blob: evil), size: Int64(evil.count))
                bench.registry.swap(digest, for: ImageManifest(config: config, layers: [layer]).serialized())
            }
            try await bench.reconcile()
            let status = try await bench.object().status
            #expect(status.condition(ConditionType.sourceVerified)?.status == .yes, "the digest is signed")
            let failure = try #require(status.condition(ConditionType.fetchFailed), "\(status.conditions)")
            #expect(failure.status == .yes && failure.message.contains("sha256:"), "\(failure)")
            #expect(status.condition(ConditionType.ready)?.status == .no)
            #expect(status.artifact == nil)
            #expect(bench.files.isEmpty, "\(bench.files)")
        }
    }

    @Test func tenThousandReferrers() async throws {
        try await Workbench.run { bench in
            let signer = try KeyedSigner()
            let digest = try await Self.prepare(bench, signer)
            // Each is a bundle of its own, signed by somebody; the same signature in different wrapping is quickly made.
            let stranger = try KeyedSigner()
            let bundle = String(decoding: try stranger.bundle(of: digest), as: UTF8.self)
            for number in 0..<10_000 {
                bench.registry.refer(to: digest, bundle: Array((bundle + String(repeating: " ", count: number)).utf8))
            }
            bench.registry.forgetExchanges()
            try await bench.reconcile()
            try await Self.expectRefused(
                bench, "it is not signed with any of the accepted keys", "and 27 more",
                "(up to 128 were looked at, 872 or more beyond the limits were not; remove what is not needed)")
            let exchanges = bench.registry.exchanges
            #expect(exchanges.filter { $0.path.contains("/referrers/") }.count == 10, "1000 of them are listed")
            #expect(exchanges.filter { $0.isBlob }.count == 128)
            #expect(exchanges.count <= 10 + 128 + 128 + 3, "\(exchanges.count) requests")
        }
    }

    /// Where a genuine signature is beside as many others as are looked at, it is found: what says it is a signature comes
    /// first.
    @Test func aFloodOfAttestationsHidesNoSignature() async throws {
        try await Workbench.run { bench in
            let signer = try KeyedSigner()
            let digest = try await Self.prepare(bench, signer)
            let flood = (0..<200).map { number in
                Descriptor(
                    mediaType: .ociManifest, digest: Digest.of(Array("\(number)".utf8)), size: 100,
                    artifactType: "application/vnd.example.sbom")
            }
            bench.registry.refer(to: digest, flood)
            bench.registry.refer(to: digest, bundle: try signer.bundle(of: digest))
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified)?.status == .yes)
        }
    }

    /// Content that goes on and on, with or without saying so.
    enum Flood: String, CaseIterable, Sendable {
        case announcedBundle, bundle, bundleManifest, payload, referrers, tagManifest
    }

    @Test(arguments: Flood.allCases)
    func aGibibyte(_ flood: Flood) async throws {
        try await Workbench.run { bench in
            let signer = try KeyedSigner()
            let digest = try await Self.prepare(bench, signer)
            let bundle = try signer.bundle(of: digest)
            let blob: Digest
            switch flood {
            case .payload:
                let layer = try signer.layer(of: digest)
                bench.registry.sign(digest, [layer])
                blob = Digest.of(layer.payload)
            case .announcedBundle:
                blob = Digest.of(bundle)
                let layer = Descriptor(
                    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", digest: blob, size: Int64(Self.gibibyte)
                )
                let referrer = bench.registry.push([], layers: [layer])
                bench.registry.refer(to: digest, [bench.registry.descriptor(referrer)])
            default:
                bench.registry.refer(to: digest, bundle: bundle)
                blob = Digest.of(bundle)
            }
            let sent = Locked(0)
            bench.registry.misbehave { exchange in
                let isFlooded =
                    switch flood {
                    case .announcedBundle, .bundle, .payload: exchange.path.hasSuffix("/blobs/\(blob)")
                    case .bundleManifest:
                        exchange.path.contains("/manifests/sha256:") && !exchange.path.hasSuffix(digest.description)
                    case .referrers: exchange.path.contains("/referrers/")
                    case .tagManifest: exchange.path.hasSuffix(".sig")
                    }
                guard isFlooded else { return nil }
                let type = exchange.path.contains("/referrers/") ? MediaType.ociIndex : .ociManifest
                return HTTPServerResponse(
                    status: 200, headers: ["Content-Type": type.description],
                    body: .stream { writer in
                        let piece = [UInt8](repeating: 0x20, count: 64 << 10)
                        while sent.current < Self.gibibyte {
                            try await writer.write(piece)
                            sent.withLock { $0 += piece.count }
                        }
                    })
            }
            try await bench.reconcile()
            if flood == .tagManifest {
                // A bundle that counts is enough, whatever is under the tag.
                #expect(try await bench.condition(ConditionType.sourceVerified)?.status == .yes)
                #expect(sent.current == 0)
                return
            }
            let problem =
                switch flood {
                case .announcedBundle: "it has 1073741824 bytes, more than the limit of"
                case .bundle, .payload: "but it goes on after them"
                default: "the answer is larger than the limit of"
                }
            try await Self.expectRefused(bench, problem)
            #expect(flood != .announcedBundle || sent.current == 0, "what says it is too large is not fetched")
            // Nobody reads on: the writer ends, and the rest was never sent.
            try await eventually("the end of all transfers") { bench.registry.underWay == 0 }
            #expect(sent.current <= Self.slack, "\(sent.current) bytes were taken")
        }
    }

    /// While the controller runs: away from the key that signed, and back again.
    @Test func keysThatAreRotated() async throws {
        try await Workbench.run { bench in
            let signer = try KeyedSigner(), other = try KeyedSigner()
            let digest = try await bench.createSigned(signer)
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            let before = try #require(try await bench.condition(ConditionType.sourceVerified)).message
            #expect(before.contains("signed by key \(signer.key.publicKey.fingerprint)"))

            try await bench.rotate(to: other)
            try await bench.reconcile()
            try await Self.expectRefused(
                bench, "it is not signed with any of the accepted keys", "\(other.key.publicKey.fingerprint)")
            #expect(try await bench.object().status.artifact == artifact)

            // Signed anew with the new key.
            bench.registry.refer(to: digest, bundle: try other.bundle(of: digest))
            try await bench.reconcile()
            let after = try #require(try await bench.condition(ConditionType.sourceVerified))
            #expect(after.status == .yes && after.message.contains("\(other.key.publicKey.fingerprint)"))

            // And back to the old one, whose signature is still there.
            try await bench.rotate(to: signer)
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified)?.message == before)
            #expect(try await bench.kstatus() == .current)
            #expect(try await bench.object().status.artifact == artifact)
        }
    }
}
