package import Core

/// Whether requests go through a proxy.
package enum ProxyPolicy: Sendable, Hashable {
    case direct
    /// As `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
    case environment(ProxyEnvironment)
    /// Always through this one.
    case server(ProxyServer)

    func server(for target: RequestTarget) throws(HTTPTransportError) -> ProxyServer? {
        switch self {
        case .direct: return nil
        case .server(let server): return server
        case .environment(let environment):
            do throws(ProxyError) {
                return try environment.proxy(scheme: target.scheme, host: target.host, port: target.port)
            } catch {
                throw HTTPTransportError(.proxy, error.message, endpoint: target.endpoint, isRetryable: false)
            }
        }
    }
}

/// A proxy address that cannot be used. The message never repeats the address, which may carry a password.
package struct ProxyError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
}

/// A proxy: HTTP, HTTP over TLS, or SOCKS5 (which also resolves the names).
package struct ProxyServer: Sendable, Hashable, CustomStringConvertible {
    /// What is spoken to the proxy.
    package enum Scheme: String, Sendable, Hashable {
        case http
        case https
        case socks5
    }

    /// The longest address accepted, in bytes.
    package static let maximumAddressLength = 2048

    package let scheme: Scheme
    /// A name or an IP address, IPv6 without brackets.
    package let host: String
    package let port: Int
    package let username: String?
    package let password: Redacted<String>?

    /// Parses `http://host:port`, `https://…` or `socks5://…` (default ports 80, 443 and 1080). User and password may be
    /// part of the address; the given ones win.
    /// - Throws: an error that says what is wrong without repeating the address.
    package init(
        parsing address: String, username: String? = nil, password: Redacted<String>? = nil
    ) throws(ProxyError) {
        guard address.utf8.count <= Self.maximumAddressLength else {
            throw ProxyError(message: "the proxy address is longer than \(Self.maximumAddressLength) characters")
        }
        guard let parts = ParsedURL(address), let name = parts.scheme else {
            throw ProxyError(message: "the proxy address is not a URL such as http://proxy.example:3128")
        }
        guard let scheme = name == "socks5h" ? .socks5 : Scheme(rawValue: name) else {
            throw ProxyError(message: "the proxy address has a scheme other than http, https and socks5")
        }
        guard let host = parts.host, !host.isEmpty else {
            throw ProxyError(message: "the proxy address names no host")
        }
        guard parts.path.isEmpty || parts.path == "/", parts.query == nil, parts.fragment == nil else {
            throw ProxyError(
                message: "the proxy address has more than scheme, host and port: a path, query or fragment")
        }
        self.scheme = scheme
        self.host = host
        self.port = parts.port ?? Self.defaultPort(of: scheme)
        self.username = username ?? parts.user
        self.password = password ?? (username == nil ? parts.password.map(Redacted.init) : nil)
        if let name = self.username {
            let secret = self.password?.revealed ?? ""
            guard !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: ":") }),
                !secret.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
            else {
                throw ProxyError(
                    message: "the proxy's username or password has a control character, or the username a colon")
            }
            guard scheme != .socks5 || (name.utf8.count <= 255 && secret.utf8.count <= 255) else {
                throw ProxyError(message: "the proxy's username or password is longer than SOCKS5's 255 bytes")
            }
        }
    }

    private static func defaultPort(of scheme: Scheme) -> Int {
        switch scheme {
        case .http: 80
        case .https: 443
        case .socks5: 1080
        }
    }

    /// `scheme://host:port`, without user and password.
    package var description: String { "\(scheme.rawValue)://\(bracketed(host)):\(port)" }
}

/// An IPv6 address in brackets, anything else as it is.
func bracketed(_ host: String) -> String {
    host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
}
