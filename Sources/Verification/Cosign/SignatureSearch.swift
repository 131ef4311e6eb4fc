internal import OCI

/// What a search for signatures came upon, for the error that ends it.
struct SignatureSearch {
    let reference: String
    /// The tag that cosign 2 would have used.
    let tag: String
    /// What a search that came upon nothing looked for.
    private let absence: String
    /// How many candidates were looked at.
    var examined = 0
    /// How many candidates were beyond the limits.
    var skipped = 0
    /// Bytes that were fetched of referrers.
    var bytes = 0
    /// Whether there may be more than was listed.
    var isListFull = false
    private var findings: [SignatureFinding] = []
    private var findingCount = 0
    private var lookupFailure: (place: String, error: any Error)?

    /// Findings that are kept; those in a message are fewer.
    private static let maximumFindings = 32
    private static let maximumInMessage = 5

    init(reference: String, tag: String) {
        self.reference = reference
        self.tag = tag
        absence = "it has neither a Sigstore bundle as a referrer nor the tag '\(tag)'"
    }

    /// A search that looks for referrers only.
    init(reference: String, absence: String) {
        self.reference = reference
        tag = ""
        self.absence = absence
    }

    /// Called before each candidate: judging one takes the thread, so others run in between. False once the search is
    /// cancelled; the rest then counts as what could not be fetched.
    mutating func goesOn() async -> Bool {
        await Task.yield()
        guard !Task.isCancelled else {  // check: search-cancelled
            failed(CancellationError(), at: "the next signature")
            return false
        }
        return true
    }

    /// Notes a signature that does not count.
    mutating func found(_ place: String, _ rejection: Rejection) {
        findingCount += 1
        if findings.count < Self.maximumFindings {
            findings.append(SignatureFinding(place: place, rejection: rejection))
        }
    }

    /// Notes that something could not be fetched.
    mutating func failed(_ error: any Error, at place: String) {
        lookupFailure = lookupFailure ?? (place, error)
    }

    /// The error that tells all of it.
    func failure() -> VerificationError {
        let prefix = "no matching signatures were found for '\(shown(reference, limit: 512))'"
        if let (place, error) = lookupFailure {
            let retryable = (error as? any FetchFailure)?.isRetryable ?? true
            return VerificationError(
                .lookup, "\(prefix): \(place) could not be fetched: \(shown("\(error)", limit: 300))\(details)",
                findings: findings, skipped: skipped, underlying: error, isRetryable: retryable)
        }
        if findings.isEmpty {
            return VerificationError(
                .noMatchingSignature,
                "\(prefix): \(absence)\(remainder)")
        }
        return VerificationError(.noMatchingSignature, prefix + details, findings: findings, skipped: skipped)
    }

    private var details: String {
        guard !findings.isEmpty else { return remainder }
        let told = findings.prefix(Self.maximumInMessage).map { shown($0.description, limit: 400) }
        let more = findingCount > told.count ? "; and \(findingCount - told.count) more" : ""
        return ": " + told.joined(separator: "; ") + more + remainder
    }

    private var remainder: String {
        guard skipped > 0 else { return "" }
        let some = isListFull ? " or more" : ""
        return " (\(examined) were looked at, \(skipped)\(some) beyond the limits were not; remove what is not needed)"
    }
}
