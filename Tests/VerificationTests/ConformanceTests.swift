import Core
import Cryptography
import Foundation
import Testing
import Verification

/// Walks the cases of sigstore-conformance in the folder that `SIGSTORE_CONFORMANCE_FIXTURES` names.
///
/// A case is a folder; its name ends in `_fail` when it must be refused. Each is judged twice: with the artifact's bytes
/// and with its digest alone.
struct ConformanceTests {
    static let folder = ProcessInfo.processInfo.environment["SIGSTORE_CONFORMANCE_FIXTURES"]

    static var cases: [String] {
        guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
        return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/bundle.sigstore.json") }.sorted()
    }

    @Test(
        .enabled(if: folder != nil, "SIGSTORE_CONFORMANCE_FIXTURES is unset"), arguments: cases, [true, false])
    func verdict(_ name: String, _ byDigest: Bool) throws {
        let folder = try #require(Self.folder)
        func file(_ path: String) -> [UInt8]? {
            FileManager.default.contents(atPath: "\(folder)/\(path)").map(Array.init)
        }
        let artifact = try #require(file("\(name)/artifact") ?? file("a.txt"))
        let bundle = try #require(file("\(name)/bundle.sigstore.json"))
        func text(_ file: String, _ standard: String) -> String {
            FileManager.default.contents(atPath: "\(folder)/\(name)/\(file)").map {
                String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            } ?? standard
        }
        let identity = text(
            "identity",
            "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
                + "extremely-dangerous-oidc-beacon.yml@refs/heads/main")
        let issuer = text("issuer", "https://token.actions.githubusercontent.com")

        func verify() throws -> VerifiedSignature {
            let trust = try TrustedRoot(parsing: file("\(name)/trusted_root.json") ?? PublicGoodInstance.trustedRoot)
            var policy: SignaturePolicy
            if let key = file("\(name)/key.pub") {
                policy = try SignaturePolicy(keys: [PublicKey(pem: key)])
                policy.logThreshold = 1
            } else {
                policy = try SignaturePolicy(identities: [
                    IdentityMatcher(issuer: .exact(issuer), subject: .exact(identity))
                ])
            }
            policy.statements = .any
            return try BundleVerifier(policy: policy, trust: trust).verify(
                Bundle(parsing: bundle), artifact: byDigest ? .digest(Digest.of(artifact)) : .bytes(artifact))
        }
        if name.hasSuffix("_fail") {
            let error = #expect(throws: (any Error).self) { try verify() }
            if ProcessInfo.processInfo.environment["SIGSTORE_CONFORMANCE_VERBOSE"] != nil {
                print("\(name): \(error.map { "\($0)" } ?? "accepted")")
            }
        } else {
            #expect(throws: Never.self) { try verify() }
        }
    }

    @Test func carriedTrust() throws {
        #expect(
            Digest.of(PublicGoodInstance.tufRoot).hex
                == "73747011d0857ada15479a16c4cae0f3ed03aac698b523b97e1de314ac9d9ca8")
        #expect(
            Digest.of(PublicGoodInstance.trustedRoot).hex
                == "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66")
        let root = try TrustedRoot(parsing: PublicGoodInstance.trustedRoot)
        #expect(root.logs.count == 2)
        #expect(root.certificateLogs.count == 2)
        #expect(root.certificateAuthorities.count == 2)
        #expect(root.timestampAuthorities.count == 1)
    }
}
