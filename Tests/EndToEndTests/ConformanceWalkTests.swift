import Core
import Foundation
import TestSupport
import Testing

/// The built `sourcectl verify-bundle` as the client of sigstore-conformance: every case in the folder that
/// `SIGSTORE_CONFORMANCE_FIXTURES` names, by path and by digest, with the options in the order of the suite's protocol.
struct ConformanceWalkTests {
    static let folder = ProcessInfo.processInfo.environment["SIGSTORE_CONFORMANCE_FIXTURES"]

    static var cases: [String] {
        guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
        return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/bundle.sigstore.json") }.sorted()
    }

    @Test(.enabled(if: folder != nil, "SIGSTORE_CONFORMANCE_FIXTURES is unset"), arguments: cases)
    func verdict(_ name: String) async throws {
        let folder = "\(try #require(Self.folder))"
        func path(_ file: String) -> String? {
            let path = "\(folder)/\(name)/\(file)"
            return FileManager.default.fileExists(atPath: path) ? path : nil
        }
        func text(_ file: String) -> String? {
            path(file).flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }?
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let artifact = path("artifact") ?? "\(folder)/a.txt"
        var arguments = ["verify-bundle", "--bundle", "\(folder)/\(name)/bundle.sigstore.json"]
        if let key = path("key.pub") {
            arguments += ["--key", key]
        } else {
            let identity =
                text("identity")
                ?? "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
            let issuer = text("issuer") ?? "https://token.actions.githubusercontent.com"
            arguments += ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
        }
        if let root = path("trusted_root.json") { arguments += ["--trusted-root", root] }
        let hash = try await CommandLineTool.run("sha256sum", [artifact])
        for item in [artifact, "sha256:\(hash.output.prefix(64))"] {
            let outcome = try await CommandLineTool.run(Programs.sourcectl, arguments + [item])
            // Only these two are verdicts: a crash, or a command line that is not understood, is none.
            #expect(
                outcome.status == (name.hasSuffix("_fail") ? 1 : 0),
                "\(name), \(item): exit \(outcome.status), \(outcome.errorOutput)")
        }
    }
}
