internal import Core
internal import OCI

extension [Descriptor] {
    /// Those first that say that they were made last (`org.opencontainers.image.created`), those that say nothing at the end,
    /// in the order given. Anybody may say anything: it decides what is looked at first, and nothing else.
    var newestFirst: [Descriptor] {
        enumerated()
            .map { (index: $0.offset, time: $0.element.annotations[AnnotationKey.created].flatMap(Self.time)) }
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
