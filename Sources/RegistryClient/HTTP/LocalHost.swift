/// Hosts that upstream talks to over HTTP without being asked: loopback, RFC 1918 addresses and `*.local`.
enum LocalHost {
    /// - Parameter host: a name or an address, IPv6 without brackets.
    static func isLocal(_ host: String) -> Bool {
        let name = host.lowercased()
        if name == "localhost" || name == "::1" || name.hasSuffix(".local") { return true }
        guard let address = dottedQuad(name) else { return false }
        switch (address[0], address[1]) {
        case (127, _), (10, _), (192, 168), (172, 16...31): return true
        default: return false
        }
    }

    /// Exactly four decimal numbers without leading zeros: nothing that a resolver could read as another address or a name.
    private static func dottedQuad(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let numbers = parts.compactMap { part in String(UInt8(part) ?? 0) == part ? UInt8(part) : nil }
        return numbers.count == 4 ? numbers : nil
    }
}
