package import Core

/// A private key under a password, as cosign writes it: a PEM block around a JSON text (go-securesystemslib, package
/// `encrypted`) with the DER PKCS#8 key in a secretbox, whose key is scrypt of the password.
package struct EncryptedPrivateKey: Sendable {
    private static let label = "ENCRYPTED SIGSTORE PRIVATE KEY"
    private static let labels = [label, "ENCRYPTED COSIGN PRIVATE KEY"]
    private static let hashName = "scrypt"
    private static let cipherName = "nacl/secretbox"
    private static let maximumSize = 64 << 10

    private let hash: PasswordHash
    private let salt: [UInt8]
    private let nonce: [UInt8]
    private let sealed: [UInt8]

    /// Reads a PEM text; nil when its first block is of another kind, for `PrivateKey(pem:)` to read.
    /// - Throws: `CryptographyError` (`.pem`, `.key`, `.unsupportedKey`), naming the faulty member.
    package init?(pem text: [UInt8]) throws(CryptographyError) {
        guard let block = try PEMBlock.parseAll(text).first, Self.labels.contains(block.label) else { return nil }
        let value: JSONValue
        do {
            value = try JSONValue(
                parsing: block.bytes, limits: JSONLimits(bytes: Self.maximumSize, depth: 8, values: 100))
        } catch {
            throw Self.malformed("it holds no valid JSON")
        }
        let hashName = value.member(at: "kdf", "name")?.stringValue ?? ""
        guard hashName.utf8.elementsEqual(Self.hashName.utf8) else {
            throw Self.unsupported("kdf.name is not '\(Self.hashName)'")
        }
        let cipherName = value.member(at: "cipher", "name")?.stringValue ?? ""
        guard cipherName.utf8.elementsEqual(Self.cipherName.utf8) else {
            throw Self.unsupported("cipher.name is not '\(Self.cipherName)'")
        }
        let parameters = value.member(at: "kdf", "params")
        guard let cost = parameters?["N"]?.integerValue, let blockSize = parameters?["r"]?.integerValue,
            let parallelism = parameters?["p"]?.integerValue
        else { throw Self.malformed("kdf.params is incomplete") }
        guard let hash = PasswordHash(cost: cost, blockSize: blockSize, parallelism: parallelism) else {
            throw Self.unsupported("kdf.params are not those that cosign writes (N 32768, 65536 or 131072, r 8, p 1)")
        }
        self.hash = hash
        salt = try Self.bytes(value.member(at: "kdf", "salt"), "kdf.salt")
        nonce = try Self.bytes(value.member(at: "cipher", "nonce"), "cipher.nonce")
        guard nonce.count == SecretBox.nonceSize else {
            throw Self.malformed("cipher.nonce has \(nonce.count) bytes, not \(SecretBox.nonceSize)")
        }
        sealed = try Self.bytes(value["ciphertext"], "ciphertext")
    }

    /// Puts a key under a password.
    /// - Throws: `CryptographyError` (`.key`).
    package init(_ key: PrivateKey, password: Redacted<[UInt8]>) throws(CryptographyError) {
        hash = .standard
        salt = SecureRandom.bytes(PasswordHash.saltSize)
        nonce = SecureRandom.bytes(SecretBox.nonceSize)
        guard let secret = hash.derive(password.revealed, salt: salt, count: SecretBox.keySize),
            let sealed = SecretBox.seal(try key.pkcs8().revealed, nonce: nonce, key: secret)
        else { throw CryptographyError(.key, "there is not enough memory to encrypt the private key") }
        self.sealed = sealed
    }

    /// The PEM text.
    package var pem: String {
        let value: JSONValue = [
            "kdf": [
                "name": .string(Self.hashName),
                "params": [
                    "N": .integer(hash.cost), "r": .integer(hash.blockSize), "p": .integer(hash.parallelism),
                ],
                "salt": .string(Base64.encode(salt)),
            ],
            "cipher": ["name": .string(Self.cipherName), "nonce": .string(Base64.encode(nonce))],
            "ciphertext": .string(Base64.encode(sealed)),
        ]
        return PEMBlock(label: Self.label, bytes: value.serialized()).text
    }

    /// Decrypts the key. Takes a fraction of a second and up to 128 MiB.
    /// - Throws: `CryptographyError`: `.password` when it is not the one; `.key` or `.unsupportedKey` for what is inside.
    package func decrypt(password: Redacted<[UInt8]>) throws(CryptographyError) -> PrivateKey {
        guard let secret = hash.derive(password.revealed, salt: salt, count: SecretBox.keySize) else {
            throw CryptographyError(.key, "there is not enough memory to decrypt the private key")
        }
        guard let der = SecretBox.open(sealed, nonce: nonce, key: secret) else {
            throw CryptographyError(.password, "the password does not open the private key, or the file is damaged")
        }
        return try PrivateKey(der: der)
    }

    private static func bytes(_ value: JSONValue?, _ name: String) throws(CryptographyError) -> [UInt8] {
        guard let text = value?.stringValue, let bytes = Base64.decode(text), !bytes.isEmpty else {
            throw malformed("\(name) is missing or no base64")
        }
        return bytes
    }

    private static func malformed(_ what: String) -> CryptographyError {
        CryptographyError(.key, "the encrypted private key is malformed: \(what)")
    }

    private static func unsupported(_ what: String) -> CryptographyError {
        CryptographyError(.unsupportedKey, "the encrypted private key is not supported: \(what)")
    }
}
