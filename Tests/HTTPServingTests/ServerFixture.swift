import Core
import Foundation
import HTTPServing
import Testing

/// Runs `body` on a thread of its own. Not on Dispatch's: their number is limited, and tasks run on them too.
func onThread<Success: Sendable>(_ body: @escaping @Sendable () throws -> Success) async throws -> Success {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}

/// Runs `body` against a server that listens on a free loopback port, then stops the server. The body has a thread of
/// its own: its sockets block.
func withServer<Success: Sendable>(
    _ handler: any HTTPHandler, observer: (any HTTPServerObserver)? = nil,
    configure: (inout HTTPServer.Configuration) -> Void = { _ in },
    _ body: @escaping @Sendable (HTTPServer) throws -> Success
) async throws -> Success {
    var configuration = HTTPServer.Configuration(address: "127.0.0.1:0", name: "test")
    configuration.gracePeriod = .milliseconds(200)
    configure(&configuration)
    let server = try HTTPServer(configuration: configuration, handler: handler, observer: observer)
    let running = Task { try await server.run() }
    let result: Result<Success, any Error>
    do { result = .success(try await onThread { try body(server) }) } catch { result = .failure(error) }
    running.cancel()
    try await running.value
    return try result.get()
}

/// Waits until `condition` holds, at most two minutes.
func eventually(_ what: Comment, _ condition: () -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while !condition() {
        try #require(ContinuousClock.now < deadline, what)
        usleep(1000)
    }
}
