/// Told what a server does, for metrics. Called on event threads: must be quick and must not block.
package protocol HTTPServerObserver: Sendable {
    /// A connection was accepted.
    func connectionOpened()
    /// An accepted connection is gone.
    func connectionClosed()
    /// A connection was turned away because there are too many.
    func connectionRefused()
    /// A response ended: `bytes` (head included) went to the socket; `complete` is false if the connection broke first.
    /// `method` is text from the client: map it to the methods you know before it becomes a label.
    func responseEnded(method: String, status: Int, bytes: Int64, complete: Bool)
}

extension HTTPServerObserver {
    package func connectionOpened() {}
    package func connectionClosed() {}
    package func connectionRefused() {}
    package func responseEnded(method: String, status: Int, bytes: Int64, complete: Bool) {}
}
