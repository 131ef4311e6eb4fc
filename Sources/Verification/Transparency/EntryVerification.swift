internal import Core
internal import Cryptography

/// Judges the log entries that come with a signature.
struct EntryVerification: Sendable {
    /// What logs vouch for.
    struct Outcome: Sendable {
        /// The index of the first entry whose index its log vouches for.
        var index: Int64?
        /// The times that logs vouch for.
        var times: [Timestamp] = []
        /// For each entry whose log vouches for no time: when its key is trusted.
        var windows: [[TrustedRoot.Window]] = []

        /// Fails unless each log that vouched for no time itself is trusted at every one of `times`.
        func verifyWindows(at times: [Timestamp]) throws(Rejection) {
            let isTrusted = windows.allSatisfy { windows in
                times.allSatisfy { time in windows.contains { $0.contains(time) } }
            }
            guard isTrusted else {  // check: log-window-v2
                throw Rejection(.outsideWindow, "the log's key is not trusted for the time of signing")
            }
        }
    }

    let trust: TrustedRoot?
    /// How many parties' logs must have the signature.
    let threshold: Int

    /// Fails unless enough logs of the trusted root have an entry for this signature. Entries of unknown logs are passed
    /// over; an entry of a known log that does not hold fails the whole signature.
    /// - Parameter leaf: the signer's certificate, which must be valid at every time that an entry names.
    func verify(
        _ entries: [LogEntry], body: LogEntryBody, leaf: Certificate?
    ) throws(Rejection) -> Outcome {
        guard let trust else { throw Rejection(.unknownLog, "there is no trusted root to verify log entries with") }
        var parties: Set<String> = []
        var result = Outcome()
        for entry in entries {
            let logs = trust.logs.filter { $0.id == entry.logID }
            guard !logs.isEmpty else { continue }
            // The same key may be listed with several windows; one of them has to hold.
            var outcome: Result<LogVerification.Outcome, Rejection> = .success(LogVerification.Outcome())
            for log in logs {
                do {
                    outcome = .success(try LogVerification(log: log).verify(entry))
                    parties.insert(log.party)
                    break
                } catch {
                    outcome = .failure(error)
                }
            }
            let vouched = try outcome.get()
            if let time = vouched.time {
                result.times.append(time)
            } else {
                result.windows.append(logs.map(\.window))
            }
            try body.verify(entry)  // check-call: entry-body
            let isInLeaf = entry.integratedTime.map { time in leaf.map { $0.isValid(at: time) } ?? true } ?? true
            guard isInLeaf else {  // check: integrated-time-in-leaf
                throw Rejection(.expired, "the log entry was made outside of the certificate's validity")
            }
            result.index = result.index ?? vouched.index
        }
        guard parties.count >= threshold else {  // check: log-threshold
            let what = entries.isEmpty ? "it has no log entry" : "no log that is trusted has an entry for it"
            throw Rejection(.unknownLog, threshold > 1 ? "\(what) (\(parties.count) of \(threshold) needed)" : what)
        }
        return result
    }
}
