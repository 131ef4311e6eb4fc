package import Core
internal import Cryptography

extension TrustedRoot {
    /// The earliest time after `now` at which a key or authority of the root stops being trusted or a certificate of an
    /// authority expires; nil when none does. A verdict that rests on the root is made anew then.
    ///
    /// What was signed before stays good by the rules, so this is earlier than it need be, never later.
    package func nextEnd(after now: Timestamp) -> Timestamp? {
        var ends = (logs + certificateLogs).compactMap(\.window.end)
        for authority in certificateAuthorities {
            ends += [authority.window.end].compactMap { $0 }
            ends += (authority.intermediates + [authority.anchor]).map(\.notAfter)
        }
        for authority in timestampAuthorities {
            ends += [authority.window.end].compactMap { $0 }
            ends += ([authority.signer].compactMap { $0 } + authority.intermediates + [authority.anchor]).map(
                \.notAfter)
        }
        return ends.filter { $0 > now }.min()
    }
}
