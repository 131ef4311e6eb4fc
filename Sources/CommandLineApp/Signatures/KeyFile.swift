internal import Core
internal import Cryptography

/// Key files that the command line names.
enum KeyFile {
    private static let maximumSize = 64 << 10
    private static let executor = BlockingExecutor(label: "keys", width: 1)

    /// The private key in a PEM file: PKCS#8, SEC 1, PKCS#1, or encrypted by cosign.
    static func privateKey(_ path: String, of flag: String, _ context: CommandContext) async throws -> PrivateKey {
        let text = try await InputFile.contents(path, of: flag, limit: maximumSize)
        @Sendable func failure(_ error: CryptographyError) -> CommandFailure {
            CommandFailure("\(flag): the private key '\(path)' cannot be used: \(error.message)")
        }
        let encrypted: EncryptedPrivateKey?
        do throws(CryptographyError) {
            encrypted = try EncryptedPrivateKey(pem: text)
            if encrypted == nil { return try PrivateKey(pem: text) }
        } catch {
            throw failure(error)
        }
        guard let encrypted else { throw CommandFailure("\(flag): '\(path)' is no private key") }
        let password = try await KeyPassword.read(for: path, context)
        // Made to be slow: not on the threads that everything else runs on.
        return try await executor.run {
            do throws(CryptographyError) {
                return try encrypted.decrypt(password: password)
            } catch {
                throw failure(error)
            }
        }
    }

    /// The public key in a PEM file.
    static func publicKey(_ path: String, of flag: String) async throws -> PublicKey {
        let text = try await InputFile.contents(path, of: flag, limit: maximumSize)
        do throws(CryptographyError) {
            return try PublicKey(pem: text)
        } catch {
            throw CommandFailure("\(flag): the public key '\(path)' cannot be used: \(error.message)")
        }
    }
}
