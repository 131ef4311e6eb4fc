internal import Core
internal import HTTPTransport
package import OCI

/// One repository of a registry, as one user, for one piece of work: its timeout covers everything done with the value.
///
/// Reads check digests and sizes; errors are `RegistryError`. See `RegistryClient.repository(_:access:)`.
package struct Repository: Sendable {
    package let reference: RepositoryReference
    let access: RegistryAccess
    let shared: SharedState
    let deadline: Deadline

    init(reference: RepositoryReference, access: RegistryAccess, shared: SharedState) {
        self.reference = reference
        self.access = access
        self.shared = shared
        deadline = Deadline(after: access.timeout, setBy: access.timeoutSource, time: shared.time)
    }

    var exchanger: Exchanger { exchanger(deadline: deadline) }

    func exchanger(deadline: Deadline) -> Exchanger {
        Exchanger(
            shared: shared, registry: reference.registry, host: reference.host, access: access, deadline: deadline)
    }

    var readScope: TokenScope { TokenScope(reference, writing: false) }
    var writeScope: TokenScope { TokenScope(reference, writing: true) }

    /// `/v2/<path>/<suffix>`.
    func path(_ suffix: String) -> String { "/v2/\(reference.path)/\(suffix)" }

    /// `cannot <verb> <what> of '<path>' at registry '<host>'`.
    func action(_ verb: String, _ what: String) -> String {
        "cannot \(verb) \(what) of '\(reference.path)' at registry '\(reference.registry)'"
    }

    func failure(_ code: RegistryError.Code, _ action: String, _ reason: String, status: Int? = nil) -> RegistryError {
        RegistryError(code, "\(action): \(reason)", endpoint: reference.registry, httpStatus: status)
    }

    /// Reads a whole metadata body.
    func collect(
        _ response: RegistryResponse, limit: Int, _ action: String
    ) async throws(RegistryError) -> [UInt8] {
        if let text = response.headers["Content-Length"], let length = Int64(text), length > Int64(limit) {
            throw failure(.tooLarge, action, "the answer has \(length) bytes, more than the limit of \(limit)")
        }
        do {
            let bytes = try await response.body.collect(upTo: limit)
            shared.metrics.countReceived(host: reference.registry, bytes: bytes.count)
            return bytes
        } catch {
            if error.code == .tooLarge {
                throw failure(.tooLarge, action, "the answer is larger than the limit of \(limit) bytes")
            }
            if Task.isCancelled { throw .cancelled(action) }
            throw deadline.failure(error, while: action, endpoint: reference.registry, advice: access.advice)
        }
    }

    /// Reads a metadata body again when the connection broke in the middle: the request is sent once more.
    func fetch(
        _ request: RegistryRequest, limit: Int
    ) async throws(RegistryError) -> (response: RegistryResponse, bytes: [UInt8]) {
        let response = try await exchanger.send(request)
        do throws(RegistryError) {
            return (response, try await collect(response, limit: limit, request.action))
        } catch {
            guard error.isRetryable, !Task.isCancelled, deadline.allows(.zero) else { throw error }
            shared.metrics.countRetry(host: reference.registry)
        }
        let second = try await exchanger.send(request)
        return (second, try await collect(second, limit: limit, request.action))
    }

    static func shown(_ reference: ManifestReference) -> String {
        switch reference {
        case .tag(let tag): "tag '\(RemoteText.printable(tag))'"
        case .digest(let digest): "manifest \(digest)"
        }
    }
}
