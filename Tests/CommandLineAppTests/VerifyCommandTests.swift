import Core
import Cryptography
import TestPKI
import TestSupport
import Testing

@Suite("sourcectl verify-bundle")
struct VerifyCommandTests {
    private static let instance = Result { try SigstoreInstance() }

    private struct Files {
        let folder: TemporaryDirectory
        let digest: Digest
        var arguments: [String]

        init(_ change: (inout BundleRecipe) throws -> Void = { _ in }) throws {
            folder = try TemporaryDirectory()
            let instance = try VerifyCommandTests.instance.get()
            var recipe = try BundleRecipe(instance)
            try change(&recipe)
            try folder.write(try recipe.bundle().serialized(), to: "bundle.json")
            try folder.write(instance.trustedRoot.serialized(), to: "root.json")
            try folder.write(recipe.artifact, to: "artifact")
            try folder.write(recipe.signerKey.publicKey.pem, to: "key.pub")
            digest = Digest.of(recipe.artifact)
            arguments = ["verify-bundle", "--bundle", folder.file("bundle.json")]
        }

        func keyless(_ identity: String = BundleRecipe.identity, _ issuer: String = BundleRecipe.issuer) -> [String] {
            arguments + ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
                + ["--trusted-root", folder.file("root.json")]
        }
    }

    @Test("A file and its digest verify; what signed is told")
    func keyless() async throws {
        let files = try Files()
        for artifact in [files.folder.file("artifact"), files.digest.description] {
            let run = await SourcectlRun(files.keyless() + [artifact])
            #expect(run.code == 0, "\(run.progress)")
            #expect(run.progress.contains("'\(BundleRecipe.identity)' by '\(BundleRecipe.issuer)' (bundle, log index"))
        }
        for (arguments, message) in [
            (files.keyless("x"), "accepted is subject 'x'"), (files.keyless(BundleRecipe.identity, "x"), "issuer 'x'"),
            (files.keyless(".*"), "accepted is subject '.*'"),
        ] {
            let run = await SourcectlRun(arguments + [files.digest.description])
            #expect(run.code == 1 && run.progress.contains(message), "\(run.progress)")
        }
        let other = await SourcectlRun(files.keyless() + [Digest.of("other").description])
        #expect(other.code == 1 && other.progress.contains("refused: the signature is for another artifact"))
        // Without the flag, the public instance's trust counts, and that knows nothing of this log.
        let untrusted = await SourcectlRun(
            Array(files.keyless().dropLast(2)) + [files.folder.file("artifact")])
        #expect(untrusted.code == 1 && untrusted.progress.contains("refused: "))
    }

    @Test("Keys need the log unless told otherwise")
    func keyed() async throws {
        let logged = try Files { $0.isKeyed = true }
        let key = ["--key", logged.folder.file("key.pub")]
        let root = ["--trusted-root", logged.folder.file("root.json"), logged.folder.file("artifact")]
        let verified = await SourcectlRun(logged.arguments + key + root)
        #expect(verified.code == 0, "\(verified.progress)")
        let unlogged = try Files { recipe in
            recipe.isKeyed = true
            recipe.changeBundle = { $0.edit("verificationMaterial.tlogEntries", []) }
        }
        let own = unlogged.arguments + ["--key", unlogged.folder.file("key.pub"), unlogged.folder.file("artifact")]
        #expect(await SourcectlRun(own).code == 1)
        let ignoring = await SourcectlRun(own + ["--insecure-ignore-tlog"])
        #expect(ignoring.code == 0, "\(ignoring.progress)")
        let foreign = await SourcectlRun(
            logged.arguments + ["--key", unlogged.folder.file("key.pub")] + root)
        #expect(foreign.code == 1 && foreign.progress.contains("not signed with any of the accepted keys"))
    }

    @Test("Files that cannot be used are named")
    func faultyFiles() async throws {
        let files = try Files()
        try files.folder.write("{", to: "broken")
        let artifact = files.folder.file("artifact")
        let identity = ["--certificate-identity", "i", "--certificate-oidc-issuer", "u"]
        let bundle = ["--bundle", files.folder.file("bundle.json")]
        for (arguments, message) in [
            (["--bundle", files.folder.file("broken")] + identity + [artifact], "refused: it is no valid JSON"),
            (
                bundle + identity + ["--trusted-root", files.folder.file("broken"), artifact],
                "trusted_root.json is not"
            ),
            (bundle + ["--key", files.folder.file("broken"), artifact], "broken' cannot be used"),
        ] {
            let run = await SourcectlRun(["verify-bundle"] + arguments)
            #expect(run.code == 1 && run.progress.contains(message), "\(run.progress)")
        }
        // Nothing was refused where there is nothing to judge.
        for (arguments, message) in [
            (["--bundle", "/nonexistent/b"] + identity + [artifact], "--bundle: there is no file '/nonexistent/b'"),
            (bundle + identity + ["/nonexistent/a"], "there is no file '/nonexistent/a'"),
            (bundle + identity + ["sha256:abc"], "there is no file 'sha256:abc', and it is no digest"),
            (bundle + identity + ["--key", "k", artifact], "--key and --certificate-identity exclude each other"),
        ] {
            let run = await SourcectlRun(["verify-bundle"] + arguments)
            #expect(run.code == 2 && run.progress.contains(message), "\(run.progress)")
        }
    }

    @Test(
        "Wrong use exits with 2",
        arguments: [
            (["verify-bundle"], "file or digest is required"), (["verify-bundle", "x"], "--bundle is required"),
            (["verify-bundle", "--bundle", "b", "x"], "say who must have signed"),
            (
                ["verify-bundle", "--bundle", "b", "--certificate-identity", "i", "x"],
                "give --certificate-oidc-issuer"
            ),
            (
                ["verify-bundle", "--bundle", "b", "--certificate-identity=", "--certificate-oidc-issuer=u", "x"],
                "the signer's identity is missing or empty"
            ),
            (
                [
                    "verify-bundle", "--bundle=b", "--key=k", "--certificate-identity=i", "--certificate-oidc-issuer=u",
                    "x",
                ],
                "exclude each other"
            ),
            (
                [
                    "verify-bundle", "--bundle=b", "--certificate-identity=i", "--certificate-oidc-issuer=u",
                    "--insecure-ignore-tlog", "x",
                ], "--insecure-ignore-tlog is for --key"
            ),
            (["verify", "artifact", "oci://ghcr.io/x:1"], "say who may have signed"),
            (
                [
                    "verify", "artifact", "oci://ghcr.io/x:1", "--certificate-identity-regexp=(",
                    "--certificate-oidc-issuer=u",
                ],
                "invalid value for --certificate-identity-regexp"
            ),
            (
                [
                    "verify", "artifact", "oci://ghcr.io/x:1", "--certificate-identity=i",
                    "--certificate-identity-regexp=i", "--certificate-oidc-issuer=u",
                ], "exclude each other"
            ),
            (
                ["verify", "artifact", "oci://ghcr.io/x:1", "--key=k", "--trust-certificate=c"],
                "--trust-certificate is for --trust-policy"
            ),
            (["sign", "artifact", "oci://ghcr.io/x:1"], "--key is required"),
            (["generate-key-pair", "cosign"], "unexpected argument 'cosign'"),
            (["generate-key-pair", "--output-key-prefix", "keys/"], "names no file"),
        ] as [([String], String)])
    func wrongUse(arguments: [String], message: String) async {
        let run = await SourcectlRun(arguments)
        #expect(run.code == 2 && run.progress.contains(message), "\(run.progress)")
    }
}
