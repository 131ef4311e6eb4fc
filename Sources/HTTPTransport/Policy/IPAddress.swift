internal import Glibc

/// An IPv4 or IPv6 address; an IPv4 address mapped into IPv6 is the IPv4 address.
struct IPAddress: Sendable, Hashable {
    /// 4 or 16 bytes, most significant first.
    let bytes: [UInt8]

    /// Parses the usual text forms (IPv6 without brackets and zone).
    init?(_ text: String) {
        var buffer = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, text, &buffer) == 1 {
            bytes = Array(buffer[..<4])
        } else if unsafe inet_pton(AF_INET6, text, &buffer) == 1 {
            let isMapped = buffer[..<10].allSatisfy { $0 == 0 } && buffer[10] == 0xFF && buffer[11] == 0xFF
            bytes = isMapped ? Array(buffer[12...]) : buffer
        } else {
            return nil
        }
    }

    /// 127.0.0.0/8 and ::1.
    var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.last == 1 && bytes.dropLast().allSatisfy { $0 == 0 }
    }

    /// Whether the first `prefixLength` bits are those of `network`.
    func isInside(_ network: IPAddress, prefixLength: Int) -> Bool {
        guard bytes.count == network.bytes.count else { return false }
        let whole = prefixLength / 8
        guard bytes[..<whole] == network.bytes[..<whole] else { return false }
        let rest = prefixLength % 8
        if rest == 0 { return true }
        return (bytes[whole] ^ network.bytes[whole]) >> (8 - rest) == 0
    }
}
