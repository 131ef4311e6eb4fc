/// The grammar of references as in distribution/reference, on bytes: no regular expression, no Unicode surprises.
enum ReferenceGrammar {
    static let maximumTagLength = 128
    static let maximumPathLength = 255
    static let maximumHostLength = 255

    /// `[\w][\w.-]{0,127}` in ASCII.
    static func isTag(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, isWord(first), bytes.count <= maximumTagLength else { return false }
        return bytes.dropFirst().allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// Path components of lower-case letters and digits, joined inside by one of `.`, `_`, `__` or hyphens, separated by `/`.
    static func isPath(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= maximumPathLength else { return false }
        return bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .allSatisfy { isPathComponent($0) }
    }

    private static func isPathComponent(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last)
        else {
            return false
        }
        var separator: [UInt8] = []
        for byte in bytes {
            if isLowerAlphanumeric(byte) {
                guard isSeparator(separator) else { return false }
                separator.removeAll(keepingCapacity: true)
            } else {
                separator.append(byte)
            }
        }
        return true
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        switch bytes.count {
        case 0: true
        case 1: bytes[0] == UInt8(ascii: ".") || bytes[0] == UInt8(ascii: "_") || bytes[0] == UInt8(ascii: "-")
        case 2 where bytes.allSatisfy { $0 == UInt8(ascii: "_") }: true
        default: bytes.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    /// `host[:port]`: a domain name, an IPv4 address or an IPv6 address in brackets; the port from 1 to 65535.
    static func isRegistry(_ text: some StringProtocol) -> Bool {
        var host = Array(text.utf8)
        guard host.count <= maximumHostLength else { return false }
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let address = host[1..<end]
            // Two colons at least, so that no port is taken for an address.
            guard address.count >= 2, address.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") }),
                address.count(where: { $0 == UInt8(ascii: ":") }) >= 2
            else { return false }
            let rest = host[(end + 1)...]
            return rest.isEmpty || (rest.first == UInt8(ascii: ":") && isPort(Array(rest.dropFirst())))
        }
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) {
            guard isPort(Array(host[(colon + 1)...])) else { return false }
            host = Array(host[..<colon])
        }
        return host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.first, let last = label.last, label.count <= 63 else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last)
                && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isPort(_ digits: [UInt8]) -> Bool {
        guard (1...5).contains(digits.count), digits.allSatisfy(isDigit) else { return false }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return (1...65_535).contains(value)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private static func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
}
