package import Core
internal import Cryptography
package import OCI
package import TestPKI
internal import TestSupport
package import Verification

/// Everything that a Notation verdict depends on, sound unless a test changes it.
package struct NotationSetup {
    package static let keys = Result { try NotationKeys() }
    package static let digest = Digest.of("artifact")
    package static let now = NotationRecipe.now

    package var recipe: NotationRecipe
    package var descriptor = Descriptor(mediaType: .ociManifest, digest: digest, size: 500)
    package var repository = "registry.test/repo"
    package var policy: JSONValue = [
        "version": "1.0",
        "trustPolicies": [
            [
                "name": "tests", "registryScopes": ["registry.test/repo"],
                "signatureVerification": ["level": "strict"], "trustStores": ["ca:acme"],
                "trustedIdentities": ["x509.subject: C=US, ST=WA, O=Acme\\, Rockets"],
            ]
        ],
    ]
    /// Certificates by their keys in the Secret; nil for the root of the recipe.
    package var certificates: [String: [UInt8]]?
    package var revocation: ScriptedRevocation? = ScriptedRevocation()
    package var now = NotationSetup.now
    /// What the registry says of the layer.
    package var claimedSize: Int64?
    package var artifactType: MediaType? = NotationVerifier.artifactType
    /// What the index of referrers says of the signature's type.
    package var announcedType: MediaType? = NotationVerifier.artifactType
    package var configType: MediaType = .ociEmpty
    package var layerType: MediaType?
    package var layerCount = 1
    /// When the referrer says it was made.
    package var created: Timestamp?

    package init(_ format: NotationRecipe.Format = .jws) throws {
        recipe = try NotationRecipe(
            try Self.keys.get(), format, mediaType: MediaType.ociManifest.description, digest: Self.digest, size: 500)
    }

    package mutating func edit(_ path: String, _ value: JSONValue?) { policy.edit("trustPolicies.0.\(path)", value) }

    /// Signs in the name of a signing authority.
    package mutating func useAuthority() {
        recipe.scheme = "notary.x509.signingAuthority"
        recipe.signingTime = nil
        recipe.authenticSigningTime = NotationSetup.now
        edit("trustStores", ["signingAuthority:acme"])
    }

    /// Stamps the signature, and wants it stamped.
    package mutating func useTimestamp(_ stamp: @escaping (inout TimestampMint) throws -> Void = { _ in }) throws {
        recipe.stamp = stamp
        edit("trustStores", ["ca:acme", "tsa:stamps"])
        certificates = [
            "ca.acme.crt": Array(try recipe.root().pem.utf8), "tsa.stamps.pem": Array(recipe.timestampRoot.pem.utf8),
        ]
    }

    package func trust() throws -> NotationTrust {
        var secret = try certificates ?? ["notation.crt": Array(recipe.root().pem.utf8)]
        secret["trustpolicy.json"] = policy.serialized()
        return try NotationTrust(secretData: secret)
    }

    package func push(to registry: MemoryRegistry) throws {
        let config = registry.add(blob: Array("{}".utf8), configType)
        var layer = registry.add(
            blob: try recipe.envelope(), layerType ?? MediaType(recipe.format.rawValue))
        if let claimedSize { layer.size = claimedSize }
        let layers = Array(repeating: layer, count: layerCount)
        var referrer = registry.add(ImageManifest(artifactType: artifactType, config: config, layers: layers))
        referrer.artifactType = announcedType
        if let created { referrer.annotations[AnnotationKey.created] = created.rfc3339 }
        registry.refer(referrer)
    }

    package func verify(
        in registry: MemoryRegistry, limits: NotationVerifier.Limits = .init(),
        executor: BlockingExecutor = BlockingExecutor(label: "test", width: 1)
    ) async throws -> NotationVerdict {
        let verifier = NotationVerifier(
            trust: try trust(), revocation: revocation, limits: limits, time: ManualTime(start: now),
            executor: executor)
        return try await verifier.verify(
            descriptor, repository: try RepositoryReference(parsing: repository), in: registry)
    }

    @discardableResult
    package func verify() async throws -> NotationVerdict {
        let registry = MemoryRegistry()
        try push(to: registry)
        return try await verify(in: registry)
    }

    /// The signature that was verified; nil when the artifact is merely let pass.
    package func verified() async throws -> VerifiedSignature? {
        if case .verified(let signature) = try await verify().result { signature } else { nil }
    }
}

/// Answers questions about revocation from a table, and records them.
package final class ScriptedRevocation: RevocationFetching {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private struct State {
        var answers: [String: [UInt8]] = [:]
        var requests: [RevocationRequest] = []
        var retained: [String: Timestamp] = [:]
    }

    private let state = Locked(State())

    package init() {}

    package var requests: [RevocationRequest] { state.current.requests }
    package var retained: [String: Timestamp] { state.current.retained }

    /// Answers every request whose URL begins with `url`.
    package func answer(_ url: String, _ bytes: [UInt8]) { state.withLock { $0.answers[url] = bytes } }

    package func fetch(_ request: RevocationRequest) async throws -> [UInt8] {
        try state.withLock { state in
            state.requests.append(request)
            // The longest prefix: one URL may be the beginning of another.
            let match = state.answers.filter { request.url.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }
            guard let match else { throw Failure(description: "connection refused") }
            return match.value
        }
    }

    package func retain(_ answer: [UInt8], for request: RevocationRequest, until time: Timestamp) {
        state.withLock { $0.retained[request.url] = time }
    }
}
