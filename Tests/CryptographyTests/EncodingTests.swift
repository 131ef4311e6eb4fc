import Core
import Cryptography
import Testing

struct EncodingTests {
    // RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        for dialect in [Base64.Dialect.strict, .protobuf] {
            #expect(Base64.decode(encoded, dialect) == Array(text.utf8))
        }
        #expect(Base64.decode(String(encoded.prefix { $0 != "=" }), .urlUnpadded) == Array(text.utf8))
    }

    @Test(arguments: ["Zg=", "Zg", "Z", "Zh==", "Zm9v\n", "Zm9v====", "Zg==Zg==", "_-==", "Zm 9v", "="])
    func strictBase64Refuses(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func protobufDialect() {
        #expect(Base64.decode("-_8", .protobuf) == [0xfb, 0xff])
        #expect(Base64.decode("+/\n8=\r\n", .protobuf) == [0xfb, 0xff])
        #expect(Base64.decode("Z", .protobuf) == nil)
        #expect(Base64.decode("Zg=", .protobuf) == nil)
    }

    @Test(arguments: [
        "1.3.6.1.4.1.57264.1.1", "2.5.29.37", "2.999.1", "1.2.840.113549.1.1.1", "0.9.2342.19200300.100.1.25",
    ])
    func objectIdentifiers(_ text: String) throws {
        let oid = OID(stringLiteral: text)
        let content = try #require(oid.content)
        #expect(OID(content: content) == oid)
    }

    @Test(arguments: [[], [0x80], [0x2a, 0x80, 0x01], [0x2a, 0x86]] as [[UInt8]])
    func malformedObjectIdentifiers(_ content: [UInt8]) {
        #expect(OID(content: content) == nil)
    }

    @Test(
        arguments: [
            [], [0x30], [0x30, 1], [0x30, 0x80, 0, 0], [0x30, 0x81, 1, 0], [0x30, 0x82, 0, 0x80], [0x1f, 1, 0],
            [0x30, 0x85, 0, 0, 0, 0, 1, 0], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] as [[UInt8]])
    func malformedDER(_ bytes: [UInt8]) {
        #expect(throws: CryptographyError.self) {
            var reader = DERReader(bytes)
            _ = try reader.read()
        }
    }

    @Test func lengthsOfElements() throws {
        for count in [0, 1, 127, 128, 255, 256, 70000] {
            let encoded = DERWriter.octets([UInt8](repeating: 7, count: count))
            let element = try DERReader.single(DERTag.octetString, in: encoded)
            #expect(element.content.count == count)
            #expect(throws: CryptographyError.self) {
                try DERReader.single(DERTag.octetString, in: encoded + [0])
            }
        }
    }

    @Test func blocksOfPEM() throws {
        let text = PEMBlock(label: "A", bytes: Array(0..<100)).text + "\r\n" + PEMBlock(label: "B", bytes: [1]).text
        #expect(try PEMBlock.parseAll(Array(text.utf8)).map(\.label) == ["A", "B"])
        #expect(try PEMBlock.parseAll(Array(text.utf8))[0].bytes == Array(0..<100))
        #expect(throws: CryptographyError.self) { try PEMBlock.parseAll(Array(text.utf8), limit: 1) }
    }
}
