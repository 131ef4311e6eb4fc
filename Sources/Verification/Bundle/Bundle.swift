internal import Core
internal import Cryptography

/// A Sigstore bundle (protobuf-specs, `sigstore_bundle.proto`), read and well-formed; nothing in it is verified yet.
package struct Bundle: Sendable {
    /// The version of the format.
    package enum Version: Sendable, Hashable { case v0_1, v0_2, v0_3 }

    /// What the signature is verified with, as the bundle says; untrusted.
    enum Material: Sendable {
        case certificate(Certificate)
        /// A hint that is not interpreted.
        case publicKey(hint: String)
    }

    /// What is signed.
    enum Content: Sendable {
        /// The hash of the artifact as the signer says, if it does, and the signature over the artifact.
        case message(digest: Digest?, signature: [UInt8])
        case envelope(DSSEEnvelope)
    }

    package let version: Version
    let material: Material
    let content: Content
    let entries: [LogEntry]
    /// DER TimeStampResps.
    let timestamps: [[UInt8]]

    /// The raw signature: what timestamps are about.
    var signature: [UInt8] {
        switch content {
        case .message(_, let signature): signature
        case .envelope(let envelope): envelope.signature
        }
    }

    /// Whether the bundle holds an envelope with a statement rather than a signature over the artifact itself.
    package var isEnvelope: Bool {
        if case .envelope = content { true } else { false }
    }
}
