/// Why a key, certificate, signature or timestamp could not be read or does not hold.
package struct CryptographyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of fault.
    package struct Code: Sendable, Hashable {
        private enum Kind: Hashable {
            case encoding, pem, key, unsupportedKey, password, certificate, path, expired, timestamp, sct, signing
            case revocation
        }
        private let kind: Kind

        /// Bytes are no valid DER, base64 or TLS structure.
        package static let encoding = Code(kind: .encoding)
        /// A text is no valid PEM (RFC 7468), or a block has an unexpected label.
        package static let pem = Code(kind: .pem)
        /// A key is malformed.
        package static let key = Code(kind: .key)
        /// A key is well-formed, but of a kind or size that is not accepted.
        package static let unsupportedKey = Code(kind: .unsupportedKey)
        /// A password does not open a private key.
        package static let password = Code(kind: .password)
        /// A certificate is malformed or has contradictory extensions.
        package static let certificate = Code(kind: .certificate)
        /// No trusted path leads from a certificate to an anchor.
        package static let path = Code(kind: .path)
        /// A certificate is outside its validity at the time in question.
        package static let expired = Code(kind: .expired)
        /// An RFC 3161 timestamp does not hold.
        package static let timestamp = Code(kind: .timestamp)
        /// A signed certificate timestamp does not hold.
        package static let sct = Code(kind: .sct)
        /// A revocation list or an OCSP response is malformed or does not hold.
        package static let revocation = Code(kind: .revocation)
        /// A signature could not be made.
        package static let signing = Code(kind: .signing)
    }

    package let code: Code
    /// What is wrong, in printable text.
    package let message: String

    package var description: String { message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
