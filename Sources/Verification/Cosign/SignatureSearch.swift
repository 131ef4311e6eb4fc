internal import OCI

/// What a search for signatures came upon, for the error that ends it.
struct SignatureSearch {
    let reference: String
    /// The tag that cosign 2 would have used.
    let tag: String
    /// What a search that came upon nothing looked for.
    private let absence: String
    /// How many candidates were looked at.
    private var examined = 0
    /// How many candidates were beyond the limits.
    private var skipped = 0
    /// Bytes that were fetched of referrers.
    var bytes = 0
    /// Whether there may be more than was listed.
    var isListFull = false
    private var findings: [SignatureFinding] = []
    private var findingCount = 0
    private var lookupFailure: (place: String, error: any Error, isByLot: Bool)?
    /// Whether what comes is drawn by lot: nothing may be told of it that differs from one try to the next, or each would
    /// write the object anew.
    private var isByLot = false

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

    /// Notes that a candidate is looked at.
    mutating func examine() {
        if !isByLot { examined += 1 }
    }

    /// Notes candidates that are not looked at.
    mutating func skip(_ count: Int = 1) {
        if !isByLot { skipped += count }
    }

    /// Notes that all further candidates, `count` at the most, are drawn by lot.
    mutating func goOnByLot(_ count: Int) {
        examined += count
        isByLot = true
    }

    /// Notes a signature that does not count.
    mutating func found(_ place: String, _ rejection: Rejection) {
        guard !isByLot else { return }
        findingCount += 1
        if findings.count < Self.maximumFindings {
            findings.append(SignatureFinding(place: place, rejection: rejection))
        }
    }

    /// Notes that something could not be fetched. Of what is drawn by lot only what may be better later counts: else whoever
    /// adds one that can never be fetched would have the verdict change with each draw.
    mutating func failed(_ error: any Error, at place: String) {
        guard !isByLot || Self.isRetryable(error) else { return }
        lookupFailure = lookupFailure ?? (place, error, isByLot)
    }

    private static func isRetryable(_ error: any Error) -> Bool { (error as? any FetchFailure)?.isRetryable ?? true }

    /// The error that tells all of it.
    func failure() -> VerificationError {
        let prefix = "no matching signatures were found for '\(shown(reference, limit: 512))'"
        if let (place, error, isByLot) = lookupFailure {
            let what =
                isByLot
                ? "one that was drawn by lot could not be fetched"
                : "\(place) could not be fetched: \(shown("\(error)", limit: 300))"
            return VerificationError(
                .lookup, "\(prefix): \(what)\(details)", findings: findings, skipped: skipped, underlying: error,
                isRetryable: Self.isRetryable(error))
        }
        if findings.isEmpty {
            return VerificationError(
                .noMatchingSignature, "\(prefix): \(isByLot ? "none that was looked at is one" : absence)\(remainder)",
                skipped: skipped)
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
        // Of those that are drawn, what they take may leave some out.
        let number = isByLot ? "up to \(examined)" : "\(examined)"
        return " (\(number) were looked at, \(skipped)\(some) beyond the limits were not; remove what is not needed)"
    }
}
