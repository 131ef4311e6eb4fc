internal import Core
internal import HTTPTransport
internal import RegistryClient
internal import Verification

/// Where a verification finds signatures, and how it reaches other servers: through its object's proxy, within its object's
/// time.
struct VerificationAccess: Sendable {
    let repository: any SourceRepository
    /// For servers other than the registry.
    let connection: ConnectionPolicy
    /// `spec.timeout`, which began with the work on the registry; nil for no limit.
    let timeout: Duration?
    /// When the time is over, on the time source's uptime.
    let end: Duration?

    /// The access of work that begins now on `repository`, which is reached with `registry`. The certificates and keys of
    /// that are for the registry alone.
    init(_ repository: any SourceRepository, _ registry: RegistryAccess, time: any TimeSource) {
        self.repository = repository
        connection = ConnectionPolicy(proxy: registry.connection.proxy)
        timeout = registry.timeout
        end = registry.timeout.map { time.uptime + $0 }
    }

    /// `revocation`, asked within the time that is left.
    func bounding(_ revocation: any RevocationFetching, time: any TimeSource) -> any RevocationFetching {
        guard let timeout, let end else { return revocation }
        return BoundedRevocation(revocation: revocation, timeout: timeout, end: end, time: time)
    }
}

/// Asks about revocation until the time of the whole work is over, however many certificates name however many servers.
private struct BoundedRevocation: RevocationFetching {
    struct TimeIsOver: Error, CustomStringConvertible {
        let timeout: Duration

        var description: String {
            "the verification was not done within \(GoDuration(timeout)) (spec.timeout); raise it"
        }
    }

    let revocation: any RevocationFetching
    let timeout: Duration
    let end: Duration
    let time: any TimeSource

    func fetch(_ request: RevocationRequest) async throws -> [UInt8] {
        let left = end - time.uptime
        guard left > .zero else { throw TimeIsOver(timeout: timeout) }
        var request = request
        request.timeout = min(request.timeout, left)
        do {
            return try await revocation.fetch(request)
        } catch {
            // Then it is the whole that took too long, not this server.
            guard time.uptime < end else { throw TimeIsOver(timeout: timeout) }
            throw error
        }
    }

    func retain(_ answer: [UInt8], for request: RevocationRequest, until time: Timestamp) {
        revocation.retain(answer, for: request, until: time)
    }
}
