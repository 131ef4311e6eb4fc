/// A long-lived part of a process: it works until its task is cancelled, then finishes what it must and returns.
package protocol Service: Sendable {
    /// Runs the service. Returning or throwing before cancellation ends the whole process.
    func run() async throws
}
