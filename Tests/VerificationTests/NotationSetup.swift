import Core
import Cryptography
import OCI
import TestPKI
import TestSupport
import Verification

/// Everything that a Notation verdict depends on, sound unless a test changes it.
struct NotationSetup {
    static let keys = Result { try NotationKeys() }
    static let digest = Digest.of("artifact")
    static let now = NotationRecipe.now

    var recipe: NotationRecipe
    var descriptor = Descriptor(mediaType: .ociManifest, digest: digest, size: 500)
    var repository = "registry.test/repo"
    var policy: JSONValue = [
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
    var certificates: [String: [UInt8]]?
    var revocation: ScriptedRevocation? = ScriptedRevocation()
    var now = NotationSetup.now
    /// What the registry says of the layer.
    var claimedSize: Int64?
    var artifactType: MediaType? = NotationVerifier.artifactType
    /// What the index of referrers says of the signature's type.
    var announcedType: MediaType? = NotationVerifier.artifactType
    var configType: MediaType = .ociEmpty
    var layerType: MediaType?
    var layerCount = 1

    init(_ format: NotationRecipe.Format = .jws) throws {
        recipe = try NotationRecipe(
            try Self.keys.get(), format, mediaType: MediaType.ociManifest.description, digest: Self.digest, size: 500)
    }

    mutating func edit(_ path: String, _ value: JSONValue?) { policy.edit("trustPolicies.0.\(path)", value) }

    /// Signs in the name of a signing authority.
    mutating func useAuthority() {
        recipe.scheme = "notary.x509.signingAuthority"
        recipe.signingTime = nil
        recipe.authenticSigningTime = NotationSetup.now
        edit("trustStores", ["signingAuthority:acme"])
    }

    /// Stamps the signature, and wants it stamped.
    mutating func useTimestamp(_ stamp: @escaping (inout TimestampMint) throws -> Void = { _ in }) throws {
        recipe.stamp = stamp
        edit("trustStores", ["ca:acme", "tsa:stamps"])
        certificates = [
            "ca.acme.crt": Array(try recipe.root().pem.utf8), "tsa.stamps.pem": Array(recipe.timestampRoot.pem.utf8),
        ]
    }

    func trust() throws -> NotationTrust {
        var secret = try certificates ?? ["notation.crt": Array(recipe.root().pem.utf8)]
        secret["trustpolicy.json"] = policy.serialized()
        return try NotationTrust(secretData: secret)
    }

    func push(to registry: MemoryRegistry) throws {
        let config = registry.add(blob: Array("{}".utf8), configType)
        var layer = registry.add(
            blob: try recipe.envelope(), layerType ?? MediaType(recipe.format.rawValue))
        if let claimedSize { layer.size = claimedSize }
        let layers = Array(repeating: layer, count: layerCount)
        var referrer = registry.add(ImageManifest(artifactType: artifactType, config: config, layers: layers))
        referrer.artifactType = announcedType
        registry.refer(referrer)
    }

    func verify(in registry: MemoryRegistry, limits: NotationVerifier.Limits = .init()) async throws -> NotationVerdict
    {
        let verifier = NotationVerifier(
            trust: try trust(), revocation: revocation, limits: limits, time: ManualTime(start: now))
        return try await verifier.verify(
            descriptor, repository: try RepositoryReference(parsing: repository), in: registry)
    }

    @discardableResult
    func verify() async throws -> NotationVerdict {
        let registry = MemoryRegistry()
        try push(to: registry)
        return try await verify(in: registry)
    }

    /// The signature that was verified; nil when the artifact is merely let pass.
    func verified() async throws -> VerifiedSignature? {
        if case .verified(let signature) = try await verify().result { signature } else { nil }
    }
}

/// Answers questions about revocation from a table, and records them.
final class ScriptedRevocation: RevocationFetching {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var answers: [String: [UInt8]] = [:]
        var requests: [RevocationRequest] = []
        var retained: [String: Timestamp] = [:]
    }

    private let state = Locked(State())

    var requests: [RevocationRequest] { state.current.requests }
    var retained: [String: Timestamp] { state.current.retained }

    /// Answers every request whose URL begins with `url`.
    func answer(_ url: String, _ bytes: [UInt8]) { state.withLock { $0.answers[url] = bytes } }

    func fetch(_ request: RevocationRequest) async throws -> [UInt8] {
        try state.withLock { state in
            state.requests.append(request)
            // The longest prefix: one URL may be the beginning of another.
            let match = state.answers.filter { request.url.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }
            guard let match else { throw Failure(description: "connection refused") }
            return match.value
        }
    }

    func retain(_ answer: [UInt8], for request: RevocationRequest, until time: Timestamp) {
        state.withLock { $0.retained[request.url] = time }
    }
}
