internal import Core
internal import Cryptography

/// Judges a signer's certificate: its path at each trusted time, and its promise to a certificate log.
struct CertificateVerification: Sendable {
    let trust: TrustedRoot
    /// How many parties' certificate logs must vouch for the certificate.
    let certificateLogThreshold: Int

    /// Fails unless one authority of the trusted root issued the certificate, was trusted, and has a path to it, at every
    /// one of `times` (at least one), and enough certificate logs know it.
    func verify(_ leaf: Certificate, at times: [Timestamp]) throws(Rejection) {
        guard !times.isEmpty else {  // check: some-time
            throw Rejection(.time, "nothing that is trusted says when the signature was made")
        }
        let issuer = try issuer(of: leaf, at: times)
        try verifyTimestamps(leaf, issuer)  // check-call: certificate-logs
    }

    private func issuer(of leaf: Certificate, at times: [Timestamp]) throws(Rejection) -> Certificate {
        var best = Rejection(.certificate, "the trusted root names no certificate authority")
        for authority in trust.certificateAuthorities {
            do {
                return try issuer(of: leaf, authority, at: times)
            } catch {
                // Of several authorities, the one that at least has a path says most.
                if best.code == .certificate { best = error }
            }
        }
        throw best
    }

    private func issuer(
        of leaf: Certificate, _ authority: TrustedRoot.CertificateAuthority, at times: [Timestamp]
    ) throws(Rejection) -> Certificate {
        var issuer = authority.anchor
        var known: CertificatePath?
        for time in times {
            do {
                // Only validity depends on the time: a path whose certificates are all valid then holds then, too.
                let path =
                    if let known, known.certificates.allSatisfy({ $0.isValid(at: time) }) {
                        known
                    } else {
                        try CertificatePath(
                            from: leaf, intermediates: authority.intermediates, anchors: [authority.anchor], at: time,
                            usage: .codeSigning)
                    }
                known = path
                issuer = path.issuer
            } catch {
                throw Rejection(
                    error.code == .expired ? .expired : .certificate,
                    "the signer's certificate does not hold at \(time.rfc3339): \(error.message)")
            }
            guard authority.window.contains(time) else {  // check: authority-window
                throw Rejection(
                    .outsideWindow, "the certificate authority is not trusted for the time of signing (\(time.rfc3339))"
                )
            }
        }
        return issuer
    }

    private func verifyTimestamps(_ leaf: Certificate, _ issuer: Certificate) throws(Rejection) {
        guard certificateLogThreshold > 0 else { return }
        let timestamps: [SignedCertificateTimestamp]
        do {
            timestamps = try leaf.embeddedSCTs() ?? []
        } catch {
            throw Rejection(.certificateLog, error.message)
        }
        var parties: Set<String> = []
        var reasons: Set<String> = []
        search: for timestamp in timestamps {
            for log in trust.certificateLogs where log.id == timestamp.logID {
                guard timestamp.isValid(for: leaf, issuer: issuer, key: log.key) else {  // check: sct-signature
                    reasons.insert("its promise is not the log's")
                    continue
                }
                guard log.window.contains(timestamp.time) else {  // check: sct-window
                    reasons.insert("the log is not trusted for the time of its promise")
                    continue
                }
                parties.insert(log.party)
                // The rest could change nothing.
                if parties.count >= certificateLogThreshold { break search }
            }
        }
        guard parties.count >= certificateLogThreshold else {  // check: sct-threshold
            let why =
                reasons.isEmpty
                ? "it has no promise of a log that is trusted" : reasons.sorted().joined(separator: ", ")
            throw Rejection(.certificateLog, "no certificate log vouches for the signer's certificate: \(why)")
        }
    }
}
