/// A listen address as Go writes them: `127.0.0.1:9090`, `[::1]:9090`, `localhost:0`, or `:9090` for every interface.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// Without brackets; nil: every interface, IPv6 and IPv4.
    package let host: String?
    package let port: UInt16

    /// - Throws: `HTTPServingError` with code `.address`.
    package init(parsing text: String) throws(HTTPServingError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw Self.malformed(text)
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { throw Self.malformed(text) }
        } else if host.contains(where: { $0 == ":" || $0 == "[" || $0 == "]" }) {
            throw Self.malformed(text)
        }
        self.host = host.isEmpty ? nil : String(host)
        self.port = port
    }

    /// Whether it stands for every interface.
    package var isWildcard: Bool { host == nil || host == "0.0.0.0" || host == "::" }

    package var description: String {
        guard let host else { return ":\(port)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func malformed(_ text: String) -> HTTPServingError {
        HTTPServingError(
            .address,
            "listen address \"\(text.prefix(100))\" is not host:port, [IPv6]:port or :port with a port of 0 to 65535")
    }
}
