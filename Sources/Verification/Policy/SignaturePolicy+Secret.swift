package import Core
internal import Cryptography

extension SignaturePolicy {
    /// Files of a Secret that are read at the most.
    private static let maximumKeys = 64

    /// The policy of `spec.verify.secretRef`: what the holder of any key in an entry that ends in `.pub` signed.
    /// - Parameter secret: the Secret's entries; others than `.pub` are passed over.
    /// - Throws: `VerificationError` (`.policy`) when there is no key, or one cannot be read: a typing error must not
    ///   silently leave a key out.
    package init(publicKeysOf secret: [String: [UInt8]]) throws(VerificationError) {
        let names = secret.keys.filter { $0.hasSuffix(".pub") }.sorted()
        guard names.count <= Self.maximumKeys else {
            throw VerificationError(.policy, "the Secret has more than \(Self.maximumKeys) public keys")
        }
        var keys: [PublicKey] = []
        for name in names {
            do {
                keys.append(try PublicKey(pem: secret[name] ?? []))
            } catch {
                throw VerificationError(
                    .policy, "the public key '\(shown(name, limit: 100))' cannot be used: \(error.message)")
            }
        }
        try self.init(keys: keys)
    }

    /// SHA-256 of everything that a verdict by this policy rests on: keep a verdict as long as it stays the same.
    /// - Parameter trust: the trusted root that was used; it does not matter where only keys count.
    package func digest(with trust: TrustedRoot?) -> Digest {
        let needsTrust = logThreshold > 0 || certificateLogThreshold > 0 || timestampThreshold > 0
        return Digest.of(digest.bytes + (needsTrust ? trust?.digest.bytes ?? [] : []))
    }
}
