internal import CSodium

/// NaCl's secretbox: XSalsa20 and Poly1305, which OpenSSL does not have together.
enum SecretBox {
    static var keySize: Int { Int(crypto_secretbox_KEYBYTES) }
    static var nonceSize: Int { Int(crypto_secretbox_NONCEBYTES) }
    private static var overhead: Int { Int(crypto_secretbox_MACBYTES) }

    /// The sealed message, its authenticator in front.
    /// - Precondition: key and nonce have their sizes.
    static func seal(_ message: [UInt8], nonce: [UInt8], key: [UInt8]) -> [UInt8]? {
        precondition(key.count == keySize && nonce.count == nonceSize, "a secretbox key and nonce")
        guard sodium_init() >= 0 else { return nil }
        var sealed = [UInt8](repeating: 0, count: message.count + overhead)
        guard unsafe crypto_secretbox_easy(&sealed, message, UInt64(message.count), nonce, key) == 0 else { return nil }
        return sealed
    }

    /// The message; nil unless it was sealed with this key and nonce.
    /// - Precondition: key and nonce have their sizes.
    static func open(_ sealed: [UInt8], nonce: [UInt8], key: [UInt8]) -> [UInt8]? {
        precondition(key.count == keySize && nonce.count == nonceSize, "a secretbox key and nonce")
        guard sealed.count >= overhead, sodium_init() >= 0 else { return nil }
        var message = [UInt8](repeating: 0, count: sealed.count - overhead)
        guard unsafe crypto_secretbox_open_easy(&message, sealed, UInt64(sealed.count), nonce, key) == 0 else {
            return nil
        }
        return message
    }
}
