internal import Core

/// Why one signature, or a document it rests on, does not count.
package struct Rejection: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of reason.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// A document breaks its format or a limit.
        package static let malformed = Code(description: "malformed")
        /// A format, version or algorithm that is not supported.
        package static let unsupported = Code(description: "unsupported")
        /// The signature is about something else than the artifact.
        package static let wrongArtifact = Code(description: "wrong artifact")
        /// A statement about the artifact that is no signature of it, such as an SBOM or a provenance.
        package static let otherStatement = Code(description: "other statement")
        /// None of the accepted keys made the signature.
        package static let wrongKey = Code(description: "wrong key")
        /// The signature does not hold under the key it claims.
        package static let invalidSignature = Code(description: "invalid signature")
        /// Somebody else signed than who is accepted.
        package static let identity = Code(description: "identity mismatch")
        /// The signer's certificate does not hold.
        package static let certificate = Code(description: "certificate")
        /// A certificate was expired or not yet valid at the time of signing.
        package static let expired = Code(description: "expired")
        /// A key or authority of the trusted root was not valid at the time.
        package static let outsideWindow = Code(description: "outside of a window")
        /// No entry of a log that the trusted root knows.
        package static let unknownLog = Code(description: "unknown log")
        /// A log's proof, checkpoint or promise does not hold.
        package static let logProof = Code(description: "log proof")
        /// A log's entry is about another signature.
        package static let logEntry = Code(description: "log entry")
        /// There is no trusted time of signing.
        package static let time = Code(description: "no trusted time")
        /// The certificate was not promised to a certificate log.
        package static let certificateLog = Code(description: "certificate log")
    }

    package let code: Code
    /// What is wrong: printable, bounded text.
    package let message: String

    package var description: String { message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// `text` of somebody else, fit for a message: printable and short.
func shown(_ text: some StringProtocol, limit: Int = 200) -> String {
    RemoteText.printable(String(text), limit: limit)
}
