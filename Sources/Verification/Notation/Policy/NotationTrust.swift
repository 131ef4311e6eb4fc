package import Core
internal import Cryptography

/// Whom Notation verification trusts, and how strictly: a trust policy document and certificates.
package struct NotationTrust: Sendable {
    /// The key of a Secret that holds the trust policy document.
    package static let policyKey = "trustpolicy.json"

    let policy: TrustPolicyDocument
    let stores: TrustStores
    /// SHA-256 over everything that decides: a verdict may be kept as long as it stays the same and the verdict's time is
    /// not over.
    package let digest: Digest

    /// The data of the Secret that `spec.verify.secretRef` names: `trustpolicy.json`, and certificates under every key
    /// that ends in `.crt` or `.pem` (PEM, all blocks, or DER). A certificate under `<type>.<name>.crt` is in the trust store
    /// `<type>:<name>` alone (`ca`, `signingAuthority` or `tsa`), any other in every store. Other keys are passed over.
    /// - Throws: `VerificationError` (`.policy`) saying what is missing or malformed.
    package init(secretData data: [String: [UInt8]]) throws(VerificationError) {
        guard let policy = data[Self.policyKey] else {
            throw VerificationError(
                .policy, "the Secret has no trust policy; add one under the key '\(Self.policyKey)'")
        }
        try self.init(
            trustPolicy: policy,
            certificates: data.filter { TrustStores.isCertificate($0.key) }.map { ($0.key, $0.value) },
            whenEmpty: "add one as a key that ends in '.crt' or '.pem'")
    }

    /// A trust policy document and certificates by file names, which name stores as the keys of a Secret do.
    /// - Parameter advice: what to do where there is no certificate, for the message.
    /// - Throws: `VerificationError` (`.policy`).
    package init(
        trustPolicy: [UInt8], certificates: [(name: String, bytes: [UInt8])], whenEmpty advice: String
    ) throws(VerificationError) {
        let sorted = certificates.sorted { $0.name < $1.name }
        do {
            policy = try TrustPolicyDocument(parsing: trustPolicy)
        } catch {
            throw VerificationError(.policy, "the trust policy cannot be used: \(error.message)")
        }
        do {
            stores = try TrustStores(sorted.map { ($0.name, $0.bytes) }, whenEmpty: advice)
        } catch {
            throw VerificationError(.policy, "the trust stores cannot be used: \(error.message)")
        }
        var hash = StreamingDigest()
        for (name, bytes) in [("", trustPolicy)] + sorted.map({ ($0.name, $0.bytes) }) {
            // The lengths keep neighbours apart.
            hash.update(Array("\(name.utf8.count):\(name)\(bytes.count):".utf8))
            hash.update(bytes)
        }
        digest = hash.finalize()
    }
}
