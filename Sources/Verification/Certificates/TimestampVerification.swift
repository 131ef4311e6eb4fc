internal import Core
internal import Cryptography

/// Judges the RFC 3161 timestamps of a signature against the authorities of a trusted root.
struct TimestampVerification: Sendable {
    /// A time that an authority states, and who it is.
    struct Outcome: Sendable {
        let time: Timestamp
        let party: String
    }

    /// How often a timestamp is judged by an authority's certificates, all timestamps of the signature taken together.
    private static let maximumAttempts = 64

    private let trust: TrustedRoot
    private var attempts = 0

    init(trust: TrustedRoot) { self.trust = trust }

    /// Finds the authority that made the timestamp over `signature`. The window is that authority's own.
    mutating func verify(_ response: [UInt8], over signature: [UInt8]) throws(Rejection) -> Outcome {
        let token: TimestampToken
        do {
            token = try TimestampToken(response: response)
        } catch {
            throw Rejection(.time, "a timestamp is not usable: \(error.message)")
        }
        var best = Rejection(.time, "the trusted root names no timestamp authority")
        for authority in trust.timestampAuthorities {
            attempts += 1
            guard attempts <= Self.maximumAttempts else {  // check: tsa-attempts
                throw Rejection(.time, "it has more timestamps than are tried with so many authorities")
            }
            do {
                try token.verify(
                    over: signature, signer: authority.signer, intermediates: authority.intermediates,
                    anchors: [authority.anchor])
            } catch {
                if best.code == .time {
                    best = Rejection(
                        error.code == .expired ? .expired : .time, "a timestamp does not hold: \(error.message)")
                }
                continue
            }
            guard authority.window.contains(token.time) else {  // check: tsa-window
                best = Rejection(
                    .outsideWindow, "the timestamp authority is not trusted for its time (\(token.time.rfc3339))")
                continue
            }
            return Outcome(time: token.time, party: authority.party)
        }
        throw best
    }
}
