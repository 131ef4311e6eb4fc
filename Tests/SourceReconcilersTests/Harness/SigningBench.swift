import ArtifactStore
import Core
import Cryptography
import HTTPServing
import KubernetesAPI
import SourceReconcilers
import TestPKI
import TestSupport
import Testing

/// A signer with a key of its own, and what an object needs to accept its signatures.
struct KeyedSigner: Sendable {
    let key: PrivateKey

    init() throws { key = try PrivateKey.generate(.ecdsa(.p256)) }

    var publicKey: String { key.publicKey.pem }

    /// A bundle that says that `digest` is signed, or another statement about it.
    func bundle(of digest: Digest, predicateType: String = BundleRecipe.cosign) throws -> [UInt8] {
        var recipe = try BundleRecipe(try SigstoreInstance.shared.get())
        recipe.isKeyed = true
        recipe.signerKey = key
        recipe.state(digest, predicateType: predicateType)
        recipe.changeBundle = { $0["verificationMaterial"]?["tlogEntries"] = nil }
        return try recipe.bundle().serialized()
    }

    /// A layer of the tag that cosign 2 writes.
    func layer(of digest: Digest) throws -> (payload: [UInt8], annotations: [String: String]) {
        var recipe = try LegacyRecipe(try SigstoreInstance.shared.get(), digest: digest)
        recipe.base.isKeyed = true
        recipe.base.signerKey = key
        recipe.changeAnnotations = { $0["dev.sigstore.cosign/bundle"] = nil }
        return try recipe.layer()
    }
}

extension Workbench {
    /// Pushes content under the tag `1.0.0`, signed by `signer`, and creates the Secret `keys` and an object that asks for a
    /// signature by it.
    @discardableResult
    func createSigned(_ signer: KeyedSigner, _ content: String = "signed", spec: JSONValue = [:]) async throws -> Digest
    {
        let digest = registry.push("1.0.0", layer: TarArchive.layer(["a": content]))
        registry.refer(to: digest, bundle: try signer.bundle(of: digest))
        try await createSecret("keys", ["cosign.pub": signer.publicKey], isSecret: false)
        let verify: JSONValue = ["verify": ["secretRef": ["name": "keys"]]]
        try await create("app", verify.merging(patch: spec))
        return digest
    }

    /// Puts `signer`'s key into the Secret `keys`, in the place of what is there.
    func rotate(to signer: KeyedSigner) async throws {
        try await api.ask("DELETE", "/api/v1/namespaces/apps/secrets/keys")
        try await createSecret("keys", ["cosign.pub": signer.publicKey], isSecret: false)
    }

    /// How often signatures were asked for since the exchanges were forgotten.
    var signatureRequests: Int { registry.exchanges.filter(\.isForSignatures).count }

    /// What a consumer is given for a path of the store: status and text.
    func download(_ path: String) async throws -> (status: Int, text: String) {
        let request = HTTPServerRequest(method: "GET", path: "/\(path)", headers: [:], body: [])
        let handler = store.handler
        let response: HTTPServerResponse
        if let immediate = handler.respondImmediately(to: request) {
            response = immediate
        } else {
            response = await handler.respond(to: request)
        }
        guard case .bytes(let bytes) = response.body else { return (response.status, "") }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }
}
