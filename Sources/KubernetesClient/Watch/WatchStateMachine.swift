package import Core

/// The life of a list-and-watch as a state machine without I/O: list in pages, watch, resume, list again when the history is
/// gone, back off on failures. The driver asks `nextStep`, does it, and reports what came of it.
package struct WatchStateMachine: Sendable {
    /// What the driver has to do next.
    package enum Step: Sendable, Hashable {
        /// Ask for a page of the list; `limit` nil asks for everything at once.
        case list(continueToken: String, limit: Int?)
        /// Watch from a resource version on.
        case watch(resourceVersion: String, timeout: Duration)
        /// Wait, then ask again.
        case wait(Duration)
    }

    /// What the driver has to do with what it got.
    package enum Effect: Sendable, Hashable {
        /// Throw away the buffer of an unfinished list.
        case discardBuffer
        /// Put the page's objects into the buffer.
        case buffer
        /// Put the page's objects into the buffer, then swap it with the store's content.
        case bufferAndSwap
        /// Apply the event to the store.
        case apply
        /// Nothing.
        case none
    }

    private enum State: Sendable {
        case listing(continueToken: String)
        case watching(resourceVersion: String, sawEvent: Bool)
    }

    /// Objects of a page, if nothing speaks against it.
    private let pageSize: Int
    /// Objects of a page now: fewer after pages that were too large to be read.
    private var pageLimit: Int
    private let backoff: Backoff
    private var state = State.listing(continueToken: "")
    /// Failures in a row.
    private var failures = 0
    private var isWaiting = false
    private var requestedDelay: Duration?
    /// A list in pages failed because its token expired: the next one asks for everything at once.
    private var avoidsPages = false

    /// A machine that starts with a list.
    package init(
        pageSize: Int = 500, backoff: Backoff = Backoff(base: .milliseconds(800), maximum: .seconds(30))
    ) {
        self.pageSize = pageSize
        pageLimit = pageSize
        self.backoff = backoff
    }

    /// What to do now. A wait is given once: asking again goes on with the work.
    /// - Parameter random: spreads waits and the ends of watches, so that many clients do not move in step.
    package mutating func nextStep(using random: inout some RandomNumberGenerator) -> Step {
        if isWaiting {
            isWaiting = false
            let delay = backoff.delay(attempt: failures - 1).jittered(byPercent: 20, using: &random)
            return .wait(max(delay, requestedDelay ?? .zero))
        }
        switch state {
        case .listing(let token): return .list(continueToken: token, limit: avoidsPages ? nil : pageLimit)
        case .watching(let version, _):
            return .watch(resourceVersion: version, timeout: .seconds(Int.random(in: 275...305, using: &random)))
        }
    }

    /// A page came.
    package mutating func receivedPage(resourceVersion: String, continueToken: String) -> Effect {
        // Failures are not forgotten here: a server whose watches fail right after each list must not be asked in a circle.
        guard case .listing = state else { return .none }
        guard continueToken.isEmpty else {
            state = .listing(continueToken: continueToken)
            return .buffer
        }
        avoidsPages = false
        pageLimit = min(pageSize, pageLimit * 2)
        state = .watching(resourceVersion: resourceVersion, sawEvent: false)
        return .bufferAndSwap
    }

    /// A page could not be had.
    /// - Parameters:
    ///   - isGone: the token of the page expired (410).
    ///   - isTooLarge: the page has more than can be read: the next ones are smaller, down to single objects.
    package mutating func listFailed(
        isGone: Bool, isTooLarge: Bool = false, retryAfter: Duration? = nil
    ) -> Effect {
        guard case .listing(let token) = state else { return .none }
        let wasWhole = avoidsPages
        avoidsPages = isGone && !token.isEmpty
        // Pages of two attempts do not belong together: every failure starts the list again.
        state = .listing(continueToken: "")
        if isTooLarge, wasWhole || pageLimit > 1 {
            // Another question than the one that failed: it can be asked at once.
            if !wasWhole { pageLimit /= 2 }
        } else {
            backOff(retryAfter)
        }
        return .discardBuffer
    }

    /// The watch brought an object or, with `isBookmark`, only its progress.
    package mutating func receivedEvent(resourceVersion: String, isBookmark: Bool) -> Effect {
        guard case .watching(let previous, _) = state else { return .none }
        failures = 0
        state = .watching(resourceVersion: resourceVersion.isEmpty ? previous : resourceVersion, sawEvent: true)
        return isBookmark ? .none : .apply
    }

    /// The server ended the watch in order.
    /// - Parameter lifetime: how long the watch had been open.
    package mutating func watchEnded(lifetime: Duration) {
        guard case .watching(let version, let sawEvent) = state else { return }
        // A server that ends watches at once must not be asked again at once.
        if !sawEvent, lifetime < .seconds(1) { backOff(nil) } else { failures = 0 }
        state = .watching(resourceVersion: version, sawEvent: false)
    }

    /// The watch failed, at its start or later.
    /// - Parameters:
    ///   - isGone: the history since the resource version is gone (410): list again.
    ///   - isUnreadable: it brought what cannot be read, and would bring it again if it was resumed: list again.
    package mutating func watchFailed(
        isGone: Bool, isUnreadable: Bool = false, retryAfter: Duration? = nil
    ) -> Effect {
        guard case .watching(let version, let sawEvent) = state else { return .none }
        if isGone || isUnreadable {
            state = .listing(continueToken: "")
            // Straight after events this is ordinary; again without any, something is wrong.
            if !sawEvent || isUnreadable { backOff(retryAfter) }
            return .discardBuffer
        }
        state = .watching(resourceVersion: version, sawEvent: false)
        backOff(retryAfter)
        return .none
    }

    private mutating func backOff(_ retryAfter: Duration?) {
        failures += 1
        isWaiting = true
        requestedDelay = retryAfter.map { min($0, .seconds(300)) }
    }
}
