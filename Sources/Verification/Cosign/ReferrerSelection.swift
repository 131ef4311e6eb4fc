internal import Core
internal import OCI

/// Which of the referrers that may hold a signature are looked at, and when.
///
/// Who may push can add as many as they like and write any date: whatever the order, they can fill the first places. So a
/// part is drawn by lot, anew at each try: what is not found now is found some other time, and nobody can prevent it.
struct ReferrerSelection {
    /// Looked at first: those that are likely and say that they are the newest.
    let newest: ArraySlice<Descriptor>
    /// Looked at last.
    let others: ArraySlice<Descriptor>
    /// How many are not looked at.
    let skipped: Int
    /// Whether the others are drawn by lot, so that another try has others.
    let isDrawn: Bool

    /// Bytes that may be fetched for the others.
    static let maximumBytes = 64 << 20

    /// - Parameters:
    ///   - likely: the candidates, in groups of which the first is the likeliest.
    ///   - unlikely: what is looked at only when there is room.
    ///   - newest: how many are looked at first.
    ///   - others: how many of the rest are looked at.
    ///   - now: dates after it count for nothing.
    init(likely: [[Descriptor]], unlikely: [Descriptor] = [], newest: Int, others: Int, now: Timestamp) {
        let ordered = likely.flatMap { $0.newestFirst(at: now) }
        let last = unlikely.newestFirst(at: now)
        guard ordered.count + last.count > newest + others else {
            self.newest = (ordered + last).prefix(newest)
            self.others = (ordered + last).dropFirst(newest)
            skipped = 0
            isDrawn = false
            return
        }
        self.newest = (ordered + last).prefix(newest)
        let rest = ordered.dropFirst(newest).shuffled() + last.dropFirst(max(0, newest - ordered.count)).shuffled()
        self.others = rest.prefix(others)
        skipped = max(0, rest.count - others)
        isDrawn = true
    }
}

extension [Descriptor] {
    /// How far a signer's clock may be ahead.
    private static let skew = Duration.seconds(300)

    /// Those first that say that they were made last (`org.opencontainers.image.created`), those at the end, in the order
    /// given, that say nothing, or a time that has not come.
    func newestFirst(at now: Timestamp) -> [Descriptor] {
        enumerated()
            .map { (index: $0.offset, time: $0.element.annotations[AnnotationKey.created].flatMap(Self.time)) }
            .map { $0.time.map { $0 > now + Self.skew } == true ? (index: $0.index, time: nil) : $0 }
            .sorted { one, other in
                switch (one.time, other.time) {
                case (let time?, let otherTime?) where time != otherTime: time > otherTime
                case (_?, nil): true
                case (nil, _?): false
                default: one.index < other.index
                }
            }
            .map { self[$0.index] }
    }

    private static func time(_ text: String) -> Timestamp? { Timestamp(rfc3339: text) }
}
