internal import Core
internal import Cryptography
internal import FoundationEssentials
internal import SourceReconcilers
internal import Verification

/// Trust material from a file (`--sigstore-trusted-root`): for machines without a way to the TUF mirror. The file is read
/// anew each time, so that replacing it counts at once.
struct TrustedRootFile: SigstoreTrust {
    private static let maximumSize = 1 << 20

    let path: String
    let executor: BlockingExecutor

    func material() async throws -> TrustMaterial {
        let path = path
        let bytes = try await executor.run {
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
                throw PublicTrustError(
                    "the trusted root '\(path)' of --sigstore-trusted-root does not exist or may not be read")
            }
            guard data.count <= Self.maximumSize else {
                throw PublicTrustError(
                    "the trusted root '\(path)' of --sigstore-trusted-root has \(data.count) bytes, more than \(Self.maximumSize)"
                )
            }
            return [UInt8](data)
        }
        do throws(VerificationError) {
            return try TrustMaterial(parsing: bytes, digest: Digest.of(bytes))
        } catch {
            throw PublicTrustError("the trusted root '\(path)' of --sigstore-trusted-root: \(error)")
        }
    }
}
