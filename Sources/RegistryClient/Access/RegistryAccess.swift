package import Core
internal import Cryptography
package import HTTPTransport

/// What proves to a registry who is asking.
package enum RegistryCredential: Sendable, Hashable {
    case anonymous
    /// A user name and a password, as Basic or for the registry's token server.
    case basic(username: String, password: Redacted<String>)
    /// An OAuth2 refresh token for the registry's token server (docker's `identitytoken`).
    case identityToken(Redacted<String>)
    /// An access token that is sent as it is (docker's `registrytoken`).
    case bearer(Redacted<String>)

    /// A hash that stands for the credential in the keys of shared state, so that none of it stays there.
    var fingerprint: Digest {
        switch self {
        case .anonymous: Digest.of("anonymous")
        // Lengths keep ("a", "bc") and ("ab", "c") apart.
        case .basic(let username, let password):
            Digest.of("basic \(username.utf8.count) \(username) \(password.revealed)")
        case .identityToken(let token): Digest.of("identity \(token.revealed)")
        case .bearer(let token): Digest.of("bearer \(token.revealed)")
        }
    }
}

/// How one piece of work reaches a registry: as whom, over which connections, for how long.
package struct RegistryAccess: Sendable {
    /// Whether HTTP without TLS may be used.
    package enum PlainHTTP: Sendable, Hashable {
        /// Only for hosts that are local by their name: loopback, RFC 1918, `*.local`.
        case localHosts
        /// Asked for by the user (`insecure`): any host.
        case allowed
    }

    package var credential: RegistryCredential
    /// Where the credential comes from, for messages: `Secret 'apps/ghcr' (entry 'ghcr.io')`. Never its value.
    package var credentialSource: String?
    package var connection: ConnectionPolicy
    package var plainHTTP: PlainHTTP
    /// The time for everything that is done with one `Repository`, from its making on; nil for no limit.
    package var timeout: Duration?
    /// What the timeout can be changed with, for messages: `spec.timeout`.
    package var timeoutSource: String?
    /// What messages tell the user to do.
    package var advice: RegistryAdvice
    /// Gets a line for each request and carries what the work is for; the client's own if nil.
    package var logger: Logger?

    /// Anonymous access with verified TLS and 60 seconds.
    package init(
        credential: RegistryCredential = .anonymous, credentialSource: String? = nil,
        connection: ConnectionPolicy = ConnectionPolicy(), plainHTTP: PlainHTTP = .localHosts,
        timeout: Duration? = .seconds(60), timeoutSource: String? = nil,
        advice: RegistryAdvice = RegistryAdvice()
    ) {
        self.credential = credential
        self.credentialSource = credentialSource
        self.connection = connection
        self.plainHTTP = plainHTTP
        self.timeout = timeout
        self.timeoutSource = timeoutSource
        self.advice = advice
    }

    /// What keeps shared state apart: two uses share tokens, schemes or requests only if all of this is equal.
    var key: AccessKey {
        AccessKey(credential: credential.fingerprint, connection: connection, plainHTTP: plainHTTP)
    }

    /// The credential's origin for messages.
    var credentialDescription: String {
        switch (credential, credentialSource) {
        case (.anonymous, nil): "no credentials were given (anonymous)"
        case (.anonymous, let source?): "anonymous: \(source)"
        case (_, nil): "the given credentials were used\(credentialFlaw)"
        case (_, let source?): "the credentials of \(source) were used\(credentialFlaw)"
        }
    }

    /// What looks wrong with the credential although it is sent as it is, behind which nothing else of it is told.
    private var credentialFlaw: String {
        let parts: [(name: String, value: String)] =
            switch credential {
            case .anonymous: []
            case .basic(let username, let password): [("user name", username), ("password", password.revealed)]
            case .identityToken(let token), .bearer(let token): [("token", token.revealed)]
            }
        // What 'echo' and editors leave behind; registries compare it with the rest.
        let flawed = parts.filter {
            $0.value.utf8.last == UInt8(ascii: "\n") || $0.value.utf8.last == UInt8(ascii: "\r")
        }
        guard let first = flawed.first else { return "" }
        let subject = flawed.count == 1 ? "the \(first.name) ends" : "user name and password end"
        return " (\(subject) in a line break: 'printf' and 'echo -n' write none)"
    }
}

/// Identity, connection and HTTP permission of an access, without its secrets.
struct AccessKey: Sendable, Hashable {
    let credential: Digest
    let connection: ConnectionPolicy
    let plainHTTP: RegistryAccess.PlainHTTP
}
