internal import Core
internal import HTTPTransport

/// What one request carries to say who sends it.
struct RequestCredentials: Sendable, Equatable {
    /// The value of `Authorization`; nil for none.
    var authorization: Redacted<String>?
    /// A client certificate in place of the configured one; nil for that.
    var identity: TLSIdentity?
}

/// Gives the credentials for each request.
protocol CredentialSource: Sendable {
    /// Credentials that are valid now, as far as one can tell.
    /// - Parameter limit: how long they may take to get; nil = as long as it takes.
    func credentials(within limit: Duration?) async throws(KubernetesError) -> RequestCredentials
    /// The server refused `refused`: others are needed.
    /// - Returns: whether there may be others, so that trying again makes sense; also where another request got them
    ///   meanwhile.
    func reject(_ refused: RequestCredentials) async -> Bool
}

/// Credentials that never change.
struct StaticCredentials: CredentialSource {
    let value: RequestCredentials

    func credentials(within limit: Duration?) async throws(KubernetesError) -> RequestCredentials { value }
    func reject(_ refused: RequestCredentials) async -> Bool { false }
}

extension ClientConfiguration.Authentication {
    func makeSource(time: any TimeSource) -> any CredentialSource {
        switch self {
        case .none: StaticCredentials(value: RequestCredentials())
        case .token(let token):
            StaticCredentials(value: RequestCredentials(authorization: Redacted("Bearer " + token.revealed)))
        case .basic(let username, let password):
            StaticCredentials(
                value: RequestCredentials(
                    authorization: Redacted(
                        "Basic " + ConfigurationFile.encodeBase64("\(username):\(password.revealed)"))))
        case .tokenFile(let path): TokenFileSource(path: path, time: time)
        case .exec(let plugin): ExecCredentialSource(plugin: plugin, time: time)
        }
    }
}
