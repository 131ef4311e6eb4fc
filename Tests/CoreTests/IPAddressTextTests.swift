import Core
import Glibc
import TestSupport
import Testing

struct IPAddressTextTests {
    @Test(arguments: [
        "10.0.0.7", "0.0.0.0", "255.255.255.255", "::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1",
        "2001:0:0:1::1", "2001:db8::1:0:0:1", "fe80::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:0", "0:1:2:3:4:5:6:7",
        "abcd:ef01:2345:6789:abcd:ef01:2345:6789",
    ])
    func known(_ text: String) {
        #expect(IPAddressText.canonical(Self.bytes(text)) == text)
    }

    @Test func mappedAddressesAreIPv4() {
        #expect(IPAddressText.canonical(Self.bytes("::ffff:10.0.0.7")) == "10.0.0.7")
        #expect(IPAddressText.canonical(Self.bytes("::fffe:a00:7")) == "::fffe:a00:7")
    }

    @Test func nothingElseIsAnAddress() {
        for count in [0, 1, 3, 5, 15, 17, 32] {
            #expect(IPAddressText.canonical([UInt8](repeating: 1, count: count)) == nil)
        }
    }

    /// The C library writes the same, but for addresses that hold an IPv4 address.
    @Test func asTheCLibraryHasIt() {
        var random = SeededGenerator(7)
        for _ in 0..<2000 {
            let bytes = (0..<16).map { index in
                index == 0 ? UInt8(0x20) : Bool.random(using: &random) ? 0 : UInt8.random(in: 0...255, using: &random)
            }
            var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            unsafe inet_ntop(AF_INET6, bytes, &buffer, socklen_t(buffer.count))
            let expected = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            #expect(IPAddressText.canonical(bytes) == expected)
        }
    }

    private static func bytes(_ text: String) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: text.contains(":") ? 16 : 4)
        _ = unsafe inet_pton(text.contains(":") ? AF_INET6 : AF_INET, text, &bytes)
        return bytes
    }
}
