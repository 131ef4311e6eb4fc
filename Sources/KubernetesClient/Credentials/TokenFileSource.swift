internal import Core

/// A token in a file that somebody replaces before the old one expires: read again after a minute, and at once when the
/// server refuses it.
final class TokenFileSource: CredentialSource {
    private struct Cached: Sendable {
        var token: Redacted<String>
        var readAt: Duration
    }

    private static let lifetime: Duration = .seconds(60)
    private let path: String
    private let time: any TimeSource
    private let cached = Locked<Cached?>(nil)

    init(path: String, time: any TimeSource) {
        self.path = path
        self.time = time
    }

    func credentials(within limit: Duration?) async throws(KubernetesError) -> RequestCredentials {
        let now = time.uptime
        if let current = cached.current, now - current.readAt < Self.lifetime {
            return RequestCredentials(authorization: current.token)
        }
        do throws(ConfigurationError) {
            let token = try readToken()
            cached.withLock { $0 = Cached(token: token, readAt: now) }
            return RequestCredentials(authorization: token)
        } catch {
            // While the file is being replaced the old token is better than none.
            if let old = cached.current { return RequestCredentials(authorization: old.token) }
            throw KubernetesError(.credentials, "no token for the API server: \(error)", isRetryable: true)
        }
    }

    func reject(_ refused: RequestCredentials) async -> Bool {
        if let current = cached.current, current.token != refused.authorization { return true }
        guard let token = try? readToken() else { return false }
        cached.withLock { $0 = Cached(token: token, readAt: time.uptime) }
        return token != refused.authorization
    }

    private func readToken() throws(ConfigurationError) -> Redacted<String> {
        let bytes = try ConfigurationFile.read(path)
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }
        let token = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !token.isEmpty, token.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw ConfigurationError(file: path, "the file holds no token")
        }
        return Redacted("Bearer " + String(decoding: Array(token), as: UTF8.self))
    }
}
