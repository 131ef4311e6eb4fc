import Core
import Cryptography
import TestSupport
import Testing

/// Private keys in cosign's encrypted format.
struct EncryptedPrivateKeyTests {
    private static let password = Redacted(Array("geh€im".utf8))

    /// A key under the password, and what was changed in its JSON text.
    private static func pem(
        label: String = "ENCRYPTED SIGSTORE PRIVATE KEY", _ change: (inout JSONValue) -> Void = { _ in }
    ) throws -> [UInt8] {
        let text = try EncryptedPrivateKey(try PrivateKey.generate(.ecdsa(.p256)), password: password).pem
        let block = try #require(try PEMBlock.parseAll(Array(text.utf8)).first)
        #expect(block.label == "ENCRYPTED SIGSTORE PRIVATE KEY")
        var value = try JSONValue(parsing: block.bytes)
        change(&value)
        return Array(PEMBlock(label: label, bytes: value.serialized()).text.utf8)
    }

    @Test(arguments: KeyTests.kinds)
    func roundTrip(_ kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        let encrypted = try EncryptedPrivateKey(key, password: Self.password)
        let read = try #require(try EncryptedPrivateKey(pem: Array(encrypted.pem.utf8)))
        #expect(try read.decrypt(password: Self.password).publicKey == key.publicKey)
        #expect(try EncryptedPrivateKey(key, password: Self.password).pem != encrypted.pem)
    }

    @Test func anEmptyPasswordIsAPassword() throws {
        let key = try PrivateKey.generate(.ed25519)
        let encrypted = try EncryptedPrivateKey(key, password: Redacted([]))
        #expect(try encrypted.decrypt(password: Redacted([])).publicKey == key.publicKey)
        #expect(throws: CryptographyError.self) { try encrypted.decrypt(password: Redacted([1])) }
    }

    @Test func theWrongPasswordIsToldApart() throws {
        let encrypted = try #require(try EncryptedPrivateKey(pem: try Self.pem()))
        let error = #expect(throws: CryptographyError.self) { try encrypted.decrypt(password: Redacted([1, 2])) }
        #expect(error?.code == .password)
        #expect(error?.message == "the password does not open the private key, or the file is damaged")
    }

    @Test func bothLabelsAreRead() throws {
        let older = try Self.pem(label: "ENCRYPTED COSIGN PRIVATE KEY")
        #expect(try EncryptedPrivateKey(pem: older)?.decrypt(password: Self.password) != nil)
        let plain = try PrivateKey.generate(.ed25519).pem().revealed
        #expect(try EncryptedPrivateKey(pem: Array(plain.utf8)) == nil)
    }

    @Test(
        arguments: [
            ("kdf.name is not 'scrypt'", ["kdf", "name"], "argon2"), ("cipher.name is not", ["cipher", "name"], "aes"),
            ("kdf.params is incomplete", ["kdf", "params", "N"], .null),
            // 128 GiB of memory.
            ("kdf.params are not those", ["kdf", "params", "N"], 134_217_728),
            ("kdf.params are not those", ["kdf", "params", "N"], 1024),
            ("kdf.params are not those", ["kdf", "params", "r"], 1024),
            ("kdf.params are not those", ["kdf", "params", "p"], 1024),
            ("kdf.salt is missing", ["kdf", "salt"], .null), ("kdf.salt is missing", ["kdf", "salt"], "!"),
            ("cipher.nonce has 3 bytes, not 24", ["cipher", "nonce"], "AAAA"),
            ("ciphertext is missing", ["ciphertext"], .null),
        ] as [(String, [String], JSONValue)])
    func faultyFiles(_ message: String, _ path: [String], _ value: JSONValue) throws {
        func set(_ target: inout JSONValue, _ path: ArraySlice<String>) {
            guard let first = path.first else { return }
            var child = target[first] ?? .null
            if path.count == 1 { child = value } else { set(&child, path.dropFirst()) }
            target[first] = child
        }
        let pem = try Self.pem { set(&$0, path[...]) }
        let error = #expect(throws: CryptographyError.self) { try EncryptedPrivateKey(pem: pem) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [["ciphertext"], ["cipher", "nonce"], ["kdf", "salt"]])
    func aDamagedFileDoesNotOpen(_ path: [String]) throws {
        let pem = try Self.pem { value in
            func flip(_ text: JSONValue?) -> JSONValue? {
                var bytes = Base64.decode(text?.stringValue ?? "") ?? []
                bytes[bytes.count - 1] ^= 1
                return .string(Base64.encode(bytes))
            }
            if path.count == 1 {
                value[path[0]] = flip(value[path[0]])
            } else {
                var inner = value[path[0]] ?? .null
                inner[path[1]] = flip(inner[path[1]])
                value[path[0]] = inner
            }
        }
        let encrypted = try #require(try EncryptedPrivateKey(pem: pem))
        let error = #expect(throws: CryptographyError.self) { try encrypted.decrypt(password: Self.password) }
        #expect(error?.code == .password)
    }

    @Test func whatIsInsideMustBeAKey() throws {
        #expect(throws: CryptographyError.self) { try EncryptedPrivateKey(pem: Array("no PEM".utf8)) }
        let text = PEMBlock(label: "ENCRYPTED SIGSTORE PRIVATE KEY", bytes: Array("{".utf8)).text
        let error = #expect(throws: CryptographyError.self) { try EncryptedPrivateKey(pem: Array(text.utf8)) }
        #expect(error?.message == "the encrypted private key is malformed: it holds no valid JSON")
    }

    // MARK: An independent implementation: Python's scrypt, PyNaCl's secretbox, OpenSSL's keys

    private static let python = "/usr/bin/python3"
    private static let oracle = """
        import base64, hashlib, json, sys, textwrap
        from nacl.secret import SecretBox
        from nacl.utils import random
        action, source, target, password = sys.argv[1:5]
        def key(kdf, salt):
            return hashlib.scrypt(password.encode(), salt=salt, n=kdf["N"], r=kdf["r"], p=kdf["p"],
                                  maxmem=1 << 28, dklen=32)
        if action == "open":
            lines = open(source).read().strip().split("\\n")
            assert lines[0] == "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----", lines[0]
            value = json.loads(base64.b64decode("".join(lines[1:-1])))
            secret = key(value["kdf"]["params"], base64.b64decode(value["kdf"]["salt"]))
            plain = SecretBox(secret).decrypt(
                base64.b64decode(value["ciphertext"]), base64.b64decode(value["cipher"]["nonce"]))
            open(target, "wb").write(plain)
        else:
            params = {"N": 32768, "r": 8, "p": 1}
            salt, nonce = random(32), random(24)
            sealed = SecretBox(key(params, salt)).encrypt(open(source, "rb").read(), nonce).ciphertext
            encode = lambda data: base64.b64encode(data).decode()
            value = {"kdf": {"name": "scrypt", "params": params, "salt": encode(salt)},
                     "cipher": {"name": "nacl/secretbox", "nonce": encode(nonce)}, "ciphertext": encode(sealed)}
            body = "\\n".join(textwrap.wrap(encode(json.dumps(value).encode()), 64))
            label = "ENCRYPTED COSIGN PRIVATE KEY"
            open(target, "w").write(f"-----BEGIN {label}-----\\n{body}\\n-----END {label}-----\\n")
        """

    private static func hasOracle() async -> Bool {
        (try? await CommandLineTool.run(python, ["-c", "import nacl.secret"]))?.status == 0
    }

    @Test(.enabled("PyNaCl (python3-nacl) is not installed") { await hasOracle() })
    func anotherImplementationReadsAndWritesTheFormat() async throws {
        let folder = try TemporaryDirectory()
        func run(_ program: String, _ arguments: [String]) async throws {
            let outcome = try await CommandLineTool.run(program, arguments)
            #expect(outcome.status == 0, "\(outcome.errorOutput)")
        }
        let key = try PrivateKey.generate(.ecdsa(.p256))
        try folder.write(try EncryptedPrivateKey(key, password: Self.password).pem, to: "ours.key")
        try await run(
            Self.python, ["-c", Self.oracle, "open", folder.file("ours.key"), folder.file("ours.der"), "geh€im"])
        try await run(
            "openssl",
            ["pkey", "-inform", "DER", "-in", folder.file("ours.der"), "-pubout", "-out", folder.file("ours.pub")])
        #expect(try folder.read("ours.pub") == Array(key.publicKey.pem.utf8))

        try await run(
            "openssl",
            [
                "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-outform", "DER", "-out",
                folder.file("theirs.sec1"),
            ])
        try await run(
            "openssl",
            [
                "pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-outform", "DER", "-in", folder.file("theirs.sec1"),
                "-out", folder.file("theirs.der"),
            ])
        try await run(
            Self.python, ["-c", Self.oracle, "seal", folder.file("theirs.der"), folder.file("theirs.key"), "geh€im"])
        let theirs = try #require(try EncryptedPrivateKey(pem: try folder.read("theirs.key")))
        let opened = try theirs.decrypt(password: Self.password)
        #expect(opened.publicKey == (try PrivateKey(der: try folder.read("theirs.der")).publicKey))
    }
}
