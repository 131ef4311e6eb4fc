internal import Glibc

/// The proxy settings of an environment, by the rules of Go's `golang.org/x/net/http/httpproxy`, with `ALL_PROXY` as a
/// fallback for both schemes.
///
/// Where Go ignores a malformed address and goes direct, this fails: traffic that was meant for a proxy never takes
/// another way.
package struct ProxyEnvironment: Sendable, Hashable {
    private enum Setting: Sendable, Hashable {
        case server(ProxyServer, variable: String)
        case invalid(ProxyError)
    }

    private let http: Setting?
    private let https: Setting?
    private let exclusions: [Exclusion]
    private let isCGI: Bool

    /// The settings that `variable` gives: upper case wins over lower case, empty is unset.
    package init(_ variable: (String) -> String?) {
        func value(_ name: String) -> (name: String, text: String)? {
            for name in [name, name.lowercased()] {
                if let text = variable(name), !text.isEmpty { return (name, text) }
            }
            return nil
        }
        func setting(_ name: String) -> Setting? {
            guard let (name, text) = value(name) ?? value("ALL_PROXY") else { return nil }
            do throws(ProxyError) {
                let hasScheme = text.utf8.firstRange(of: "://".utf8) != nil
                return .server(try ProxyServer(parsing: hasScheme ? text : "http://" + text), variable: name)
            } catch {
                return .invalid(ProxyError(message: "environment variable \(name): \(error.message)"))
            }
        }
        http = setting("HTTP_PROXY")
        https = setting("HTTPS_PROXY")
        exclusions = Exclusion.parse(value("NO_PROXY")?.text ?? "")
        isCGI = value("REQUEST_METHOD") != nil
    }

    /// The settings of a dictionary of variables.
    package init(_ variables: [String: String]) {
        self.init { variables[$0] }
    }

    /// The settings that this process was started with.
    package static func ofProcess() -> ProxyEnvironment {
        ProxyEnvironment { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
    }

    /// The proxy for a target; nil: none.
    /// - Parameter host: a name or an IP address, IPv6 without brackets.
    /// - Throws: when the setting that applies is malformed, or is `HTTP_PROXY` in a CGI program, where it may be what a
    ///   client sent as a `Proxy` header.
    package func proxy(scheme: String, host: String, port: Int) throws(ProxyError) -> ProxyServer? {
        let isHTTP = scheme == "http"
        guard let setting = isHTTP ? http : https, !isExcluded(host: host, port: port) else { return nil }
        switch setting {
        case .invalid(let error): throw error
        case .server(let server, let variable):
            if isCGI, variable.lowercased() == "http_proxy" {
                throw ProxyError(message: "refusing to use HTTP_PROXY in a CGI program (REQUEST_METHOD is set)")
            }
            return server
        }
    }

    private func isExcluded(host: String, port: Int) -> Bool {
        let name = host.lowercased()
        if name == "localhost" { return true }
        let address = IPAddress(name)
        if let address, address.isLoopback { return true }
        return exclusions.contains { $0.matches(host: name, address: address, port: port) }
    }
}

/// One entry of `NO_PROXY`.
private enum Exclusion: Sendable, Hashable {
    case everything
    case network(IPAddress, prefixLength: Int)
    case address(IPAddress, port: Int?)
    /// `suffix` starts with a dot.
    case domain(suffix: String, includesItself: Bool, port: Int?)

    static func parse(_ text: String) -> [Exclusion] {
        var entries: [Exclusion] = []
        for item in text.utf8.split(separator: UInt8(ascii: ",")) {
            guard let entry = String(item).map({ trimmed($0).lowercased() }), !entry.isEmpty else { continue }
            if entry == "*" { return [.everything] }
            if let parsed = parseEntry(entry) { entries.append(parsed) }
        }
        return entries
    }

    private static func parseEntry(_ entry: String) -> Exclusion? {
        if let slash = entry.utf8.lastIndex(of: UInt8(ascii: "/")) {
            guard let network = IPAddress(String(entry[..<slash])),
                let length = Int(entry[entry.index(after: slash)...]), (0...network.bytes.count * 8).contains(length)
            else { return nil }
            return .network(network, prefixLength: length)
        }
        var host = entry
        var port: Int?
        // A bare IPv6 address has colons, but no port.
        if IPAddress(entry) == nil, let colon = entry.utf8.lastIndex(of: UInt8(ascii: ":")), !entry.hasSuffix("]") {
            host = String(entry[..<colon])
            let digits = entry[entry.index(after: colon)...]
            if !digits.isEmpty {
                // A port that is none matches nothing, as in Go.
                guard let number = Int(digits), (1...65535).contains(number) else { return nil }
                port = number
            }
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if let address = IPAddress(host) { return .address(address, port: port) }
        if host.hasPrefix("*.") { host.removeFirst() }
        guard !host.isEmpty else { return nil }
        let includesItself = !host.hasPrefix(".")
        return .domain(suffix: includesItself ? "." + host : host, includesItself: includesItself, port: port)
    }

    private static func trimmed(_ text: String) -> String {
        let blanks: Set<Character> = [" ", "\t", "\r", "\n"]
        var rest = Substring(text)
        while let first = rest.first, blanks.contains(first) { rest.removeFirst() }
        while let last = rest.last, blanks.contains(last) { rest.removeLast() }
        return String(rest)
    }

    func matches(host: String, address: IPAddress?, port: Int) -> Bool {
        switch self {
        case .everything: return true
        case .network(let network, let length): return address?.isInside(network, prefixLength: length) ?? false
        case .address(let excluded, let excludedPort):
            return address == excluded && (excludedPort == nil || excludedPort == port)
        case .domain(let suffix, let includesItself, let excludedPort):
            guard address == nil, excludedPort == nil || excludedPort == port else { return false }
            return host.hasSuffix(suffix) || (includesItself && host == suffix.dropFirst())
        }
    }
}
