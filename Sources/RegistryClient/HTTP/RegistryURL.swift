/// An absolute http or https URL that we may send a request to, taken apart strictly (RFC 3986).
///
/// Texts come from registries (`Location`, `Link`, realm), so anything that two parsers could read differently is refused:
/// user information, control characters, blanks, backslashes.
struct RegistryURL: Sendable, Hashable {
    enum Scheme: String, Sendable, Hashable {
        case http, https

        var defaultPort: Int { self == .https ? 443 : 80 }
    }

    /// Scheme, host and port: what credentials are bound to.
    struct Origin: Sendable, Hashable {
        let scheme: Scheme
        /// Lower case; an IPv6 address without its brackets.
        let host: String
        let port: Int

        /// `host`, with the port unless it is the scheme's own.
        var authority: String {
            let shown = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
            return port == scheme.defaultPort ? shown : "\(shown):\(port)"
        }

        /// `scheme://host:port`, always with the port.
        var endpoint: String {
            let shown = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
            return "\(scheme.rawValue)://\(shown):\(port)"
        }
    }

    static let maximumLength = 16 << 10

    let origin: Origin
    /// Path and query, starting with `/`.
    let target: String

    init(origin: Origin, target: String) {
        self.origin = origin
        self.target = target
    }

    /// The URL of `path` at a registry written as `host[:port]`.
    init?(scheme: Scheme, registry: String, target: String) {
        guard let origin = Self.origin(scheme, authority: Array(registry.utf8)) else { return nil }
        self.init(origin: origin, target: target)
    }

    /// Parses an absolute URL; a fragment is dropped.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumLength, bytes.allSatisfy(Self.isAllowed) else { return nil }
        for scheme in [Scheme.https, .http] {
            let prefix = Array("\(scheme.rawValue)://".utf8)
            guard bytes.count > prefix.count, zip(bytes, prefix).allSatisfy({ Self.lowered($0) == $1 }) else {
                continue
            }
            let rest = bytes[prefix.count...]
            let end = rest.firstIndex { Self.endsAuthority($0) } ?? rest.endIndex
            guard let origin = Self.origin(scheme, authority: Array(rest[..<end])) else { return nil }
            let target = rest[end...].prefix { $0 != UInt8(ascii: "#") }
            let text = String(decoding: target, as: UTF8.self)
            self.init(origin: origin, target: text.utf8.first == UInt8(ascii: "/") ? text : "/" + text)
            return
        }
        return nil
    }

    /// The URL that `reference`, found in an answer from this URL, means (RFC 3986, section 5.2).
    func resolving(_ reference: String) -> RegistryURL? {
        let bytes = Array(reference.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength, bytes.allSatisfy(Self.isAllowed) else { return nil }
        if reference.hasPrefix("//") { return RegistryURL("\(origin.scheme.rawValue):\(reference)") }
        let path = bytes.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        if bytes[0] != UInt8(ascii: "/"), path.prefix(while: { $0 != UInt8(ascii: "/") }).contains(UInt8(ascii: ":")) {
            return RegistryURL(reference)
        }
        let withoutFragment = String(decoding: bytes.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self)
        if bytes[0] == UInt8(ascii: "/") { return RegistryURL(origin: origin, target: withoutFragment) }
        let ownPath = target.prefix { $0 != "?" }
        if bytes[0] == UInt8(ascii: "?") { return RegistryURL(origin: origin, target: ownPath + withoutFragment) }
        let folder = ownPath.lastIndex(of: "/").map { ownPath[...$0] } ?? "/"
        let query = withoutFragment.firstIndex(of: "?").map { withoutFragment[$0...] } ?? ""
        let merged = folder + withoutFragment.prefix { $0 != "?" }
        return RegistryURL(origin: origin, target: Self.removingDotSegments(merged) + query)
    }

    /// The URL with further query items, percent-encoded.
    func appending(query items: [(String, String)]) -> RegistryURL {
        var text = target
        for (name, value) in items {
            text += (text.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + Self.encode(name) + "=" + Self.encode(value)
        }
        return RegistryURL(origin: origin, target: text)
    }

    /// The whole URL. Its query may hold a signature or token: never for messages or logs.
    var text: String { "\(origin.scheme.rawValue)://\(origin.authority)\(target)" }

    /// Everything but RFC 3986's unreserved characters as `%XX`.
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func origin(_ scheme: Scheme, authority: [UInt8]) -> Origin? {
        var host = authority
        var port = scheme.defaultPort
        let afterHost = authority.first == UInt8(ascii: "[") ? authority.lastIndex(of: UInt8(ascii: "]")) ?? 0 : 0
        if let colon = authority[afterHost...].firstIndex(of: UInt8(ascii: ":")) {
            let digits = authority[(colon + 1)...]
            guard digits.count <= 5, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
                return nil
            }
            if !digits.isEmpty {
                guard let number = Int(String(decoding: digits, as: UTF8.self)), (1...65_535).contains(number) else {
                    return nil
                }
                port = number
            }
            host = Array(authority[..<colon])
        }
        if host.first == UInt8(ascii: "[") {
            guard host.last == UInt8(ascii: "]"), host.count > 3 else { return nil }
            host = Array(host.dropFirst().dropLast())
            guard host.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }),
                host.contains(UInt8(ascii: ":"))
            else { return nil }
        } else {
            guard !host.isEmpty, host.count <= 255, host.allSatisfy(isHostCharacter) else { return nil }
        }
        return Origin(scheme: scheme, host: String(decoding: host.map(lowered), as: UTF8.self), port: port)
    }

    private static func removingDotSegments(_ path: some StringProtocol) -> String {
        var segments: [Substring] = []
        let all = Substring(path).split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (offset, segment) in all.enumerated() {
            let isLast = offset == all.count - 1
            switch segment {
            case ".": if isLast { segments.append("") }
            case "..":
                _ = segments.popLast()
                if isLast { segments.append("") }
            default: segments.append(segment)
            }
        }
        return "/" + segments.joined(separator: "/")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (0x21...0x7e).contains(byte) && byte != UInt8(ascii: "\\")
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) && byte != 0x40
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
