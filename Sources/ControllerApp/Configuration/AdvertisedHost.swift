internal import Glibc

/// The `host[:port]` that artifact URLs name: a name, an IPv4 address or an IPv6 address in brackets, as it is written into
/// the authority of a URL (RFC 3986, section 3.2). A name may end in a dot.
struct AdvertisedHost: Sendable, Hashable {
    let text: String

    /// - Throws: what is wrong, to be completed with the flag's name.
    init(parsing text: String) throws(AdvertisedHostError) {
        guard !text.contains("://"), !text.contains("/") else {
            throw AdvertisedHostError("must be a host or <host>:<port>, without a scheme and a path")
        }
        guard !text.contains("$(") else {
            throw AdvertisedHostError("has a variable in it that nobody replaced; define it in the Deployment's env")
        }
        guard Self.address(text) == nil || !text.contains(":") else {
            throw AdvertisedHostError("must have brackets around an IPv6 address: [\(text)]")
        }
        let (host, port) = Self.split(text)
        guard port.map(Self.isPort) ?? true else {
            throw AdvertisedHostError("has no port from 1 to 65535 behind its colon")
        }
        let isHost = host.first == "[" ? Self.isBracketed(host) : Self.isName(host)
        guard isHost else {
            throw AdvertisedHostError(
                "must be a host or <host>:<port>, such as source-controller.example, 10.1.2.3:9090 or [fd00::1]:9090")
        }
        self.text = text
    }

    /// The host, and what is behind the last colon that is not within brackets.
    private static func split(_ text: String) -> (host: Substring, port: Substring?) {
        guard let colon = text.lastIndex(of: ":"), text[colon...].last != "]" else { return (text[...], nil) }
        return (text[..<colon], text[text.index(after: colon)...])
    }

    private static func isPort(_ text: Substring) -> Bool {
        guard text.utf8.count <= 5, text.utf8.allSatisfy(isDigit), let number = Int(text) else { return false }
        return (1...65_535).contains(number)
    }

    private static func isBracketed(_ host: Substring) -> Bool {
        guard host.last == "]" else { return false }
        let inside = String(host.dropFirst().dropLast())
        return inside.contains(":") && address(inside) != nil
    }

    /// Labels of letters, digits, `-` and `_`, as DNS and hosts files have them.
    private static func isName(_ host: Substring) -> Bool {
        let name = host.last == "." ? host.dropLast() : host
        guard (1...253).contains(name.utf8.count) else { return false }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isWord = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.first != UInt8(ascii: "-")
                && label.utf8.last != UInt8(ascii: "-")
                && label.utf8.allSatisfy { byte in
                    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
        }
        // What ends in a number is read as an IPv4 address, or not at all.
        guard isWord, labels.last?.utf8.allSatisfy(isDigit) == true else { return isWord }
        return address(String(host)) == AF_INET
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// The family of an address without brackets and zone; nil for anything else.
    private static func address(_ text: String) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        return [AF_INET, AF_INET6].first { unsafe inet_pton($0, text, &buffer) == 1 }
    }
}

/// What is wrong with an advertised host.
struct AdvertisedHostError: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
