internal import ArtifactStore
internal import Core
internal import Cryptography
internal import KubernetesAPI
internal import OCI

/// The last verdicts on each object's signatures, kept beside its artifact: on what is stored, and on what is to take its
/// place. One holds as long as artifact, policy and trust material stay the same, so that an unchanged poll verifies
/// nothing, after a restart either.
///
/// What is on the volume is believed as much as the index that says which artifacts are intact: whoever can write there can
/// have anything served. A verdict that is cut off, changed by accident or of another version counts as none.
struct VerdictCache: Sendable {
    /// What a verdict is about.
    struct Subject: Sendable, Hashable {
        /// `host/path`.
        let repository: String
        let digest: Digest
        /// Of the policy and the trust material.
        let requirement: Digest

        init(_ location: RepositoryReference, _ digest: Digest, _ requirement: SignatureRequirement) {
            repository = location.description
            self.digest = digest
            self.requirement = requirement.fingerprint
        }
    }

    private static let format: Int64 = 2

    private let store: ArtifactStore
    private let softwareVersion: String

    init(store: ArtifactStore, softwareVersion: String) {
        self.store = store
        self.softwareVersion = softwareVersion
    }

    /// The judgement on `subject`, if it is among those that are kept and still holds.
    func judgement(on subject: Subject, of object: NamespacedName, at now: Timestamp) -> SignatureJudgement? {
        let expected = members(of: subject)
        for verdict in verdicts(of: object) {
            guard let judgement = Self.parse(verdict, expected) else { continue }
            if let end = judgement.validUntil, now >= end { return nil }
            return judgement
        }
        return nil
    }

    /// Keeps a judgement in place of the object's others, but for those on the artifact that is stored: it is served on if
    /// the one that was judged cannot be had. Where there is no room for all, the new one is made again next time.
    /// - Parameter stored: the manifest of the stored artifact; nil where there is none.
    func keep(
        _ judgement: SignatureJudgement, on subject: Subject, of object: NamespacedName, besides stored: Digest?
    ) async throws(ArtifactStoreError) {
        var members = members(of: subject)
        members["validUntil"] = judgement.validUntil.map { .integer($0.seconds) } ?? .null
        members["signer"] =
            judgement.signer.map {
                .object([
                    "summary": .string($0.summary), "annotations": .object($0.annotations.mapValues(JSONValue.string)),
                ])
            } ?? .null
        guard let checksum = Self.checksum(members) else { return }
        members["checksum"] = .string(checksum.description)
        var kept: [JSONValue] = []
        if let stored, stored != subject.digest {
            kept = verdicts(of: object).filter { $0["digest"]?.stringValue == stored.description }
        }
        let note = String(decoding: JSONValue.array([.object(members)] + kept).serialized(), as: UTF8.self)
        guard note.utf8.count <= ArtifactStore.noteLimit else { return }
        try await store.keep(note: note, of: object.storeKey)
    }

    private func verdicts(of object: NamespacedName) -> [JSONValue] {
        guard let note = store.note(of: object.storeKey) else { return [] }
        return (try? JSONValue(parsing: Array(note.utf8)))?.arrayValue ?? []
    }

    private func members(of subject: Subject) -> [String: JSONValue] {
        [
            "format": .integer(Self.format), "software": .string(softwareVersion),
            "repository": .string(subject.repository), "digest": .string(subject.digest.description),
            "requirement": .string(subject.requirement.description),
        ]
    }

    /// - Parameter expected: what the verdict must be about.
    private static func parse(_ verdict: JSONValue, _ expected: [String: JSONValue]) -> SignatureJudgement? {
        guard var members = verdict.objectValue,
            let checksum = members.removeValue(forKey: "checksum")?.stringValue,
            let own = Self.checksum(members)?.description, checksum.utf8.elementsEqual(own.utf8),
            let end = members.removeValue(forKey: "validUntil"), let signer = members.removeValue(forKey: "signer"),
            JSONValue.object(members).serialized() == JSONValue.object(expected).serialized()
        else { return nil }
        var validUntil: Timestamp?
        if end != .null {
            guard let seconds = end.integerValue else { return nil }
            validUntil = Timestamp(seconds: seconds)
        }
        guard signer != .null else { return SignatureJudgement(signer: nil, validUntil: validUntil) }
        guard let summary = signer["summary"]?.stringValue, let pairs = signer["annotations"]?.objectValue else {
            return nil
        }
        var annotations: [String: String] = [:]
        for (key, text) in pairs {
            guard let text = text.stringValue else { return nil }
            annotations[key] = text
        }
        return SignatureJudgement(
            signer: SignatureSigner(summary: summary, annotations: annotations), validUntil: validUntil)
    }

    /// Finds damage, not forgery.
    private static func checksum(_ members: [String: JSONValue]) -> Digest? {
        (try? JSONValue.object(members).canonical()).map { Digest.of($0) }
    }
}
