import Core
import Foundation
import TestSupport
import Testing

/// The built `sourcectl` signs; the built controller verifies.
@Suite(.serialized) struct SigningToolTests {
    private static let password = ["COSIGN_PASSWORD": "hunter2"]

    private func sourcectl(_ arguments: String...) async throws {
        let outcome = try await CommandLineTool.run(Programs.sourcectl, arguments, environment: Self.password)
        guard outcome.status == 0 else { throw StandFailure(description: outcome.errorOutput) }
    }

    @Test(arguments: [[], ["--legacy"]])
    func theControllerAcceptsWhatWeSign(_ extra: [String]) async throws {
        let registry = try await DockerRegistry()
        let stand = try await Stand()
        let folder = try TemporaryDirectory()
        try await sourcectl("generate-key-pair", "--output-key-prefix", folder.file("cosign"))
        let digest = try await SignatureTests.publish("1", registry, tag: "1.0.0")
        _ = try await stand.kubectl(
            "create", "secret", "generic", "cosign-pub", "--from-file=cosign.pub=\(folder.file("cosign.pub"))")
        try await stand.apply(SignatureTests.manifest(registry, tag: "1.0.0"))
        try await stand.wait(for: "podinfo", "SourceVerified", "False", reason: "VerificationError")
        let url = "oci://\(registry.address)/manifests/podinfo:1.0.0"
        let signed = try await CommandLineTool.run(
            Programs.sourcectl, ["sign", "artifact", url, "--key", folder.file("cosign.key")] + extra,
            environment: Self.password)
        #expect(signed.status == 0, "\(signed.errorOutput)")
        _ = try await stand.kubectl("annotate", "ocirepository/podinfo", "reconcile.fluxcd.io/requestedAt=1")
        try await stand.wait(
            for: "podinfo", "SourceVerified", "True", containing: "verified signature of revision 1.0.0@\(digest)")
        try await stand.wait(for: "podinfo", "Ready", "True")
    }

    private static let python = "/usr/bin/python3"
    /// Types the password when it is asked for, on a terminal of its own.
    private static let typist = """
        import os, pty, sys
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.pop("COSIGN_PASSWORD", None)
            os.execv(sys.argv[1], sys.argv[1:])
        seen = b""
        def until(text):
            global seen
            while text not in seen:
                seen += os.read(terminal, 1024)
        until(b"new private key: ")
        os.write(terminal, "gehx\\x7feimé\\n".encode())
        until(b"password again: ")
        os.write(terminal, "geheimé\\n".encode())
        try:
            while True: seen += os.read(terminal, 1024)
        except OSError: pass
        sys.stdout.buffer.write(seen)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: python), "python3 is not installed"))
    func aTypedPasswordIsNotShown() async throws {
        let folder = try TemporaryDirectory()
        let outcome = try await CommandLineTool.run(
            Self.python,
            [
                "-c", Self.typist, Programs.sourcectl, "generate-key-pair", "--output-key-prefix",
                folder.file("typed"),
            ])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errorOutput)")
        #expect(outcome.output.contains("private key written to"))
        #expect(!outcome.output.contains("geh"))
        // The key opens with what was typed, after the correction.
        let registry = try await DockerRegistry()
        _ = try await SignatureTests.publish("1", registry, tag: "1.0.0")
        let url = "oci://\(registry.address)/manifests/podinfo:1.0.0"
        let signed = try await CommandLineTool.run(
            Programs.sourcectl, ["sign", "artifact", url, "--key", folder.file("typed.key")],
            environment: ["COSIGN_PASSWORD": "geheimé"])
        #expect(signed.status == 0, "\(signed.errorOutput)")
    }
}
