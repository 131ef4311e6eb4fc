internal import CommandLineParsing
internal import Core
internal import Cryptography
internal import FileSystem

/// `sourcectl generate-key-pair`: makes a key pair for signing, in cosign's format.
struct GenerateKeyPair: Command {
    private static let prefix = Flag.string(
        "output-key-prefix", placeholder: "path", default: "cosign", help: "path of the new files without .key and .pub"
    )
    private static let executor = BlockingExecutor(label: "keys", width: 1)

    let path = ["generate-key-pair"]
    let usage = ""
    let summary = "Make a key pair for signing: an encrypted private key and its public key"

    var flags: FlagSet {
        var flags = FlagSet()
        flags.add(Self.prefix)
        return flags
    }

    func run(_ flags: ParsedFlags, _ context: CommandContext) async throws {
        if let argument = flags.arguments.first {
            throw CommandLineError(
                .arguments, "unexpected argument '\(RemoteText.printable(argument, limit: 100))'")
        }
        let prefix = flags[Self.prefix]
        let slash = prefix.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = slash.map { String(prefix[prefix.utf8.index(after: $0)...]) } ?? prefix
        let folder = slash.map { $0 == prefix.startIndex ? "/" : String(prefix[..<$0]) } ?? "."
        guard !name.isEmpty else {
            throw CommandLineError(
                .invalidValue, "--output-key-prefix names no file: end it with a name, such as 'cosign'")
        }
        // Asking for a password only to refuse would be unkind.
        try await Self.executor.run {
            let directory = try Directory(path: folder)
            for file in ["\(name).key", "\(name).pub"] where try directory.status(of: file) != nil {
                throw CommandFailure(
                    "'\(folder)/\(file)' exists and is not overwritten; choose another --output-key-prefix")
            }
        }
        let password = try await KeyPassword.choose(context)
        let fingerprint = try await Self.executor.run {
            let key = try PrivateKey.generate(.ecdsa(.p256))
            let encrypted = try EncryptedPrivateKey(key, password: password)
            let directory = try Directory(path: folder)
            try Self.write(encrypted.pem, to: "\(name).key", in: directory, mode: 0o600)
            do {
                try Self.write(key.publicKey.pem, to: "\(name).pub", in: directory, mode: 0o644)
            } catch {
                _ = try? directory.remove("\(name).key")
                throw error
            }
            return key.publicKey.fingerprint
        }
        context.succeed("private key written to \(prefix).key")
        context.succeed("public key written to \(prefix).pub (\(fingerprint))")
    }

    /// Makes a file; what was begun is removed again when it cannot be finished.
    private static func write(_ text: String, to name: String, in folder: Directory, mode: UInt32) throws {
        let file = try folder.createFile(name, mode: mode)
        do {
            try file.setMode(mode)
            try file.write(Array(text.utf8))
            try file.synchronize()
        } catch {
            _ = try? folder.remove(name)
            throw error
        }
    }
}
