import Core
import Cryptography
import Testing

struct DigestTests {
    // FIPS 180-2, appendices B to D.
    @Test(arguments: [
        (
            Digest.Algorithm.sha256, "abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
        (.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            .sha384, "abc",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        ),
        (
            .sha512, "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func knownAnswers(_ algorithm: Digest.Algorithm, _ text: String, _ hex: String) {
        #expect(Digest.of(text, algorithm).description == "\(algorithm.rawValue):\(hex)")
    }

    @Test func piecesMakeTheSameDigestAsTheWhole() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var stream = StreamingDigest()
        stream.update(Array(bytes[..<1]))
        stream.update(bytes[1..<5000])
        #expect(stream.current() == Digest.of(Array(bytes[..<5000])))
        stream.update([])
        stream.update(Array(bytes[5000...]).span)
        #expect(stream.finalize() == Digest.of(bytes))
    }

    @Test func secretsAreComparedByContent() {
        #expect(constantTimeEquals([1, 2], [1, 2]))
        #expect(constantTimeEquals([], []))
        #expect(!constantTimeEquals([1, 2], [1, 3]))
        #expect(!constantTimeEquals([1, 2], [1, 2, 0]))
    }

    @Test func randomBytes() {
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(SecureRandom.bytes(32).count == 32)
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
    }

    @Test func randomUUID() {
        let text = SecureRandom.uuid()
        #expect(text.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        #expect(Array(text)[14] == "4")
        #expect("89ab".contains(Array(text)[19]))
        #expect(text != SecureRandom.uuid())
    }
}
