/// IP addresses as text, in one form each.
package enum IPAddressText {
    /// The address of 4 or 16 bytes, most significant first: `10.0.0.7`, or RFC 5952's form of an IPv6 address
    /// (`2001:db8::1`). An IPv4 address mapped into IPv6 is shown as the IPv4 address, as Go does. nil for any other number
    /// of bytes.
    package static func canonical(_ bytes: [UInt8]) -> String? {
        switch bytes.count {
        case 4: return dotted(bytes[...])
        case 16: break
        default: return nil
        }
        if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff { return dotted(bytes[12...]) }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        let words = groups.map { String($0, radix: 16) }
        guard let zeros = longestZeros(groups) else { return words.joined(separator: ":") }
        return words[..<zeros.lowerBound].joined(separator: ":") + "::"
            + words[zeros.upperBound...].joined(separator: ":")
    }

    private static func dotted(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { String($0) }.joined(separator: ".")
    }

    /// The first of the longest runs of two or more zeros.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start > max(1, longest?.count ?? 0) { longest = start..<end }
            start = max(end, start + 1)
        }
        return longest
    }
}
