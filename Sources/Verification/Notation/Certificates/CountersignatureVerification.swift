internal import Core
internal import Cryptography

/// Judges the timestamp of an envelope: a bare RFC 3161 token over its signature.
struct CountersignatureVerification: Sendable {
    /// The time that an authority states, as the interval that its accuracy makes of it.
    struct Outcome: Sendable {
        let earliest: Timestamp
        let latest: Timestamp
        /// The authority's certificates, the signer's first.
        let path: [Certificate]
    }

    /// The baseline policy (ETSI EN 319 421), whose tokens are exact to a second where they do not say.
    private static let baselinePolicy: OID = "0.4.0.2023.1.1"

    /// The certificates of the trust stores of type `tsa`.
    let anchors: [Certificate]

    /// Judges the token.
    /// - Parameter signature: the envelope's signature, as it is there.
    /// - Throws: `Rejection` (`.time`, `.expired`).
    func verify(_ token: [UInt8], over signature: [UInt8]) throws(Rejection) -> Outcome {
        do {
            let token = try TimestampToken(token: token)
            guard token.hasSigningCertificateV2 else {  // check: notation-timestamp-v2
                throw Rejection(.time, "the timestamp does not name its signer's certificate by a strong hash")
            }
            let embedded = try token.embeddedCertificates()
            let signer = try token.verify(over: signature, signer: nil, intermediates: embedded, anchors: anchors)
            let path = try CertificatePath(
                from: signer, intermediates: embedded, anchors: anchors, at: token.time, usage: .timeStamping
            ).certificates
            try CertificateChainRules(purpose: .timestamping).verify(path)  // check-call: notation-timestamp-chain
            let isBaseline = token.policy == Self.baselinePolicy
            let accuracy = token.accuracy ?? (isBaseline ? .seconds(1) : .zero)
            return Outcome(
                earliest: token.time - accuracy, latest: token.time + accuracy, path: path)
        } catch let rejection as Rejection {
            throw Rejection(.time, "the timestamp does not hold: \(rejection.message)")
        } catch let error as CryptographyError {
            throw Rejection(
                error.code == .expired ? .expired : .time, "the timestamp does not hold: \(error.message)")
        } catch {
            throw Rejection(.time, "the timestamp does not hold")
        }
    }
}

extension Timestamp {
    fileprivate static func - (time: Timestamp, duration: Duration) -> Timestamp { time + (.zero - duration) }
}
