import CommandLineApp
import Core
import Cryptography
import TestSupport
import Testing

@Suite("sourcectl", .enabled(if: DockerRegistry.isInstalled, "docker-registry is not installed"))
struct CommandTests {
    private struct Outcome {
        let code: Int32
        let output: String
        let progress: String
    }

    private func sourcectl(_ arguments: String..., environment: [String: String] = [:]) async -> Outcome {
        let output = Locked<[String]>([])
        let progress = Locked<[String]>([])
        let app = CommandLineApp(
            environment: environment,
            streams: CommandLineApp.Streams(
                output: { line in output.withLock { $0.append(line) } },
                error: { line in progress.withLock { $0.append(line) } }))
        let code = await app.run(arguments)
        return Outcome(
            code: code, output: output.current.joined(separator: "\n"),
            progress: progress.current.joined(separator: "\n"))
    }

    private func sample() async throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        try folder.write("kind: A\n", to: "content/a.yaml")
        try folder.write([UInt8](repeating: 7, count: 700_000), to: "content/deep/er/ünï côde.bin")
        try folder.write("#!/bin/sh\n", to: "content/run.sh")
        try folder.write("x", to: "content/picture.png")
        try folder.write("x", to: "content/.git/config")
        for command in [["chmod", "755", "content/run.sh"], ["ln", "-s", "/etc/passwd", "content/link"]] {
            _ = try await CommandLineTool.run(command[0], Array(command.dropFirst()), directory: folder.path)
        }
        return folder
    }

    @Test("Push, tag, list and pull: what was packed comes back, without what is left out")
    func roundTrip() async throws {
        let registry = try await DockerRegistry()
        let folder = try await sample()
        let url = "oci://\(registry.address)/team/app"
        let pushed = await sourcectl(
            "push", "artifact", "\(url):1.0.0", "--path", folder.file("content"), "--source",
            "https://git.example/app.git",
            "--revision=main@sha1:abc", "--annotations", "team=blue=green")
        #expect(pushed.code == 0 && pushed.output.isEmpty)
        let lines = pushed.progress.split(separator: "\n")
        #expect(lines.first == "► pushing artifact to \(registry.address)/team/app:1.0.0")
        #expect(lines.last?.hasPrefix("✔ artifact successfully pushed to \(registry.address)/team/app@sha256:") == true)

        let tagged = await sourcectl("tag", "artifact", "\(url):1.0.0", "--tag", "latest")
        #expect(tagged.progress == "► tagging artifact\n✔ artifact tagged as \(registry.address)/team/app:latest")
        let listed = await sourcectl("list", "artifacts", url, "--filter-semver", ">=1.0.0")
        #expect(listed.output.contains("\(registry.address)/team/app:1.0.0") && !listed.output.contains("app:latest"))
        #expect(listed.output.contains("main@sha1:abc"))

        let pulled = await sourcectl("pull", "artifact", "\(url):latest", "--output", folder.file("out/new"))
        #expect(pulled.code == 0)
        for path in ["a.yaml", "deep/er/ünï côde.bin", "run.sh"] {
            #expect(try folder.read("out/new/\(path)") == folder.read("content/\(path)"))
        }
        let found = try await CommandLineTool.run(
            "find", [".", "-mindepth", "1", "-printf", "%P %m\\n"], directory: folder.file("out/new"))
        // As every program that unpacks, it gives no right that the user's mask takes.
        let masked = try await CommandLineTool.run(
            "sh", ["-c", #"printf '%o %o' $((0644 & ~$(umask))) $((0755 & ~$(umask)))"#])
        let modes = masked.output.split(separator: " ")
        try #require(modes.count == 2)
        let (file, folderOrProgram) = (modes[0], modes[1])
        #expect(
            found.output.split(separator: "\n").sorted() == [
                "a.yaml \(file)", "deep \(folderOrProgram)", "deep/er \(folderOrProgram)",
                "deep/er/ünï côde.bin \(file)", "run.sh \(folderOrProgram)",
            ])
    }

    @Test("An independent reader sees the manifest of a Flux artifact")
    func skopeo() async throws {
        let registry = try await DockerRegistry()
        let folder = try await sample()
        let pushed = await sourcectl(
            "push", "artifact", "oci://\(registry.address)/app:1", "--path", folder.file("content"), "--source", "s",
            "--revision", "r",
            "--annotations", "team=blue=green", "--reproducible", "--output", "json")
        let result = try JSONValue(parsing: pushed.output)
        #expect(result["repository"]?.stringValue == "\(registry.address)/app" && result["tag"] == "1")
        let inspected = try await CommandLineTool.run(
            "skopeo", ["inspect", "--raw", "--tls-verify=false", "docker://\(registry.address)/app:1"])
        let manifest = try JSONValue(parsing: inspected.stdout)
        #expect(manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json")
        #expect(manifest.member(at: "config", "mediaType") == "application/vnd.cncf.flux.config.v1+json")
        #expect(manifest["layers"]?.arrayValue?.first?["mediaType"] == "application/vnd.cncf.flux.content.v1.tar+gzip")
        #expect(
            manifest["annotations"] == [
                "org.opencontainers.image.created": "1970-01-01T00:00:00Z", "org.opencontainers.image.source": "s",
                "org.opencontainers.image.revision": "r", "team": "blue=green",
            ])
    }

    @Test("Equal content gives an equal digest, whatever the file times; a single file can be pushed")
    func reproducible() async throws {
        let registry = try await DockerRegistry()
        var outputs: [JSONValue?] = []
        for _ in 0..<2 {
            let folder = try await sample()
            let pushed = await sourcectl(
                "push", "artifact", "oci://\(registry.address)/app:1", "--path", folder.file("content"), "--source",
                "s",
                "--revision", "r", "--reproducible", "-o", "json")
            outputs.append(try JSONValue(parsing: pushed.output)["digest"])
        }
        #expect(outputs[0] == outputs[1] && outputs[0] != nil)
        let folder = try await sample()
        let single = await sourcectl(
            "push", "artifact", "oci://\(registry.address)/one:1", "--path", folder.file("content/a.yaml"), "--source",
            "s",
            "--revision", "r", "-o", "yaml")
        #expect(single.code == 0 && single.output.contains("digest: sha256:"))
        _ = await sourcectl("pull", "artifact", "oci://\(registry.address)/one:1", "-o", folder.file("one"))
        #expect(try folder.read("one/a.yaml") == folder.read("content/a.yaml"))
    }

    @Test("Credentials come from --creds or docker's configuration, and never into the output")
    func credentials() async throws {
        var protection = DockerRegistry.Protection()
        protection.login = ("robot", "hunter2")
        let registry = try await DockerRegistry(protection)
        let folder = try await sample()
        let config = #"{"auths":{"\#(registry.address)":{"auth":"cm9ib3Q6aHVudGVyMg=="}}}"#
        try folder.write(config, to: "docker/config.json")
        func push(_ extra: [String], _ environment: [String: String] = [:]) async -> Outcome {
            let progress = Locked<[String]>([])
            let app = CommandLineApp(
                environment: environment,
                streams: CommandLineApp.Streams(
                    output: { _ in }, error: { line in progress.withLock { $0.append(line) } }))
            let code = await app.run(
                [
                    "push", "artifact", "oci://\(registry.address)/app:1", "--path", folder.file("content"), "--source",
                    "s", "--revision", "r",
                ]
                    + extra)
            return Outcome(code: code, output: "", progress: progress.current.joined(separator: "\n"))
        }
        #expect(await push(["--creds", "robot:hunter2"]).code == 0)
        #expect(await push([], ["DOCKER_CONFIG": folder.file("docker")]).code == 0)
        let anonymous = await push([])
        #expect(anonymous.code == 1)
        #expect(anonymous.progress.contains("anonymous: neither --creds nor an entry of docker's config.json"))
        let wrong = await push(["--creds=robot:hunter3"])
        #expect(wrong.code == 1 && wrong.progress.contains("HTTP 401") && !wrong.progress.contains("hunter3"))
    }

    @Test(
        "Wrong use exits with 2 and says what to do",
        arguments: [
            ([], "push artifact"), (["nonsense"], "unknown command: 'nonsense'"), (["push"], "unknown command: 'push'"),
            (["push", "artefact"], "did you mean 'push artifact'?"),
            (["push", "artifact"], "artifact URL is required"),
            (["push", "artifact", "ghcr.io/x:1"], "must be in format 'oci://<host>/<path>'"),
            (["push", "artifact", "oci://ghcr.io/x:1", "--path", "."], "--source is required"),
            (["push", "artifact", "oci://ghcr.io/x:1", "--pth", "."], "unknown flag: --pth; did you mean --path?"),
            (["push", "artifact", "oci://ghcr.io/x:1", "y"], "unexpected argument 'y'"),
            (
                ["push", "artifact", "oci://ghcr.io/x:1", "--path=.", "--source=s", "--revision=r", "--annotations=x"],
                "must be key=value"
            ),
            (["push", "artifact", "oci://ghcr.io/x:1", "-o", "xml"], "must be one of json, yaml"),
            (["push", "artifact", "oci://ghcr.io/x:1", "--provider", "aws"], "must be one of generic"),
            (["pull", "artifact", "oci://ghcr.io/x:1"], "--output is required"),
            (["tag", "artifact", "oci://ghcr.io/x:1", "--tag", "a b"], "tag 'a b' is invalid"),
            (["list", "artifacts", "oci://ghcr.io/x:1"], "must not contain a tag"),
            (["list", "artifacts", "oci://ghcr.io/x", "--filter-semver", ">>1"], ">>1"),
        ] as [([String], String)])
    func wrongUse(arguments: [String], message: String) async {
        let text = Locked<[String]>([])
        let streams = CommandLineApp.Streams(
            output: { line in text.withLock { $0.append(line) } }, error: { line in text.withLock { $0.append(line) } })
        let code = await CommandLineApp(environment: [:], streams: streams).run(arguments)
        #expect(code == 2)
        #expect(text.current.joined(separator: "\n").contains(message))
    }

    @Test("Help exits with 0", arguments: [["--help"], ["push", "artifact", "--help"], ["list", "artifacts", "-h"]])
    func help(arguments: [String]) async {
        let text = Locked<[String]>([])
        let streams = CommandLineApp.Streams(output: { line in text.withLock { $0.append(line) } }, error: { _ in })
        #expect(await CommandLineApp(environment: [:], streams: streams).run(arguments) == 0)
        #expect(text.current.joined().contains("Usage: sourcectl"))
    }

    @Test("Failures exit with 1 and name the cause")
    func failures() async throws {
        let registry = try await DockerRegistry()
        let missing = await sourcectl("pull", "artifact", "oci://\(registry.address)/app:1", "-o", "/nonexistent/x")
        #expect(missing.code == 1 && missing.progress.contains("HTTP 404"))
        let nothing = await sourcectl(
            "push", "artifact", "oci://\(registry.address)/app:1", "--path", "/nonexistent/x", "--source", "s",
            "--revision", "r")
        #expect(nothing.code == 2 && nothing.progress.contains("--path: there is no file or folder '/nonexistent/x'"))
    }

    @Test("A folder that cannot be made is named, with the system's words")
    func outputFolders() async throws {
        let registry = try await DockerRegistry()
        let folder = try await sample()
        let url = "oci://\(registry.address)/app:1"
        let pushed = await sourcectl(
            "push", "artifact", url, "--path", folder.file("content"), "--source", "s", "--revision", "r")
        #expect(pushed.code == 0)
        let file = folder.file("content/a.yaml")
        _ = try await CommandLineTool.run("ln", ["-s", folder.file("nothing"), folder.file("dangling")])
        for (output, message) in [
            (file, "--output: cannot open folder '\(file)': Not a directory"),
            ("\(file)/below", "--output: cannot open folder '\(file)/below': Not a directory"),
            ("/proc/nothing/x", "--output: cannot make folder '/proc/nothing': No such file or directory"),
            (folder.file("dangling"), "--output: cannot make folder '\(folder.file("dangling"))': File exists"),
        ] {
            let pulled = await sourcectl("pull", "artifact", url, "-o", output)
            #expect(pulled.code == 1)
            #expect(pulled.progress.split(separator: "\n").last == "✗ \(message)")
        }
        for output in ["made", "deep/er/", "deep//other"] {
            let pulled = await sourcectl("pull", "artifact", url, "-o", folder.file(output))
            #expect(pulled.code == 0, "\(pulled.progress)")
            #expect(try folder.read("\(output)/a.yaml") == folder.read("content/a.yaml"))
        }
    }

    @Test("What is particular to one try is shown, too")
    func particulars() async throws {
        let server = try RawServer { connection in
            while true {
                _ = try connection.readHead()
                try connection.respond("429 Too Many Requests", headers: "Retry-After: 300\r\n")
            }
        }
        defer { withExtendedLifetime(server) {} }
        let run = await SourcectlRun(["list", "artifacts", "oci://127.0.0.1:\(server.port)/app", "--insecure-registry"])
        #expect(run.code == 1 && run.progress.contains("HTTP 429") && run.progress.contains("5m0s)"), "\(run.progress)")
    }

    @Test("A server that refuses TLS and then keeps silent is not said to have trouble with TLS")
    func silence() async throws {
        let server = try RawServer { connection in
            if try connection.beginsTLS() { return try connection.write("HTTP/1.0 400 Bad Request\r\n\r\n") }
            _ = connection.readToEnd()
        }
        defer { withExtendedLifetime(server) {} }
        let run = await SourcectlRun([
            "list", "artifacts", "oci://127.0.0.1:\(server.port)/app", "--insecure-registry", "--timeout=1s",
        ])
        #expect(run.code == 1)
        #expect(
            run.progress.hasSuffix(
                "not done within 1s (--timeout); raise it for large content or slow lines, or see why 127.0.0.1:\(server.port) does not answer"
            ), "\(run.progress)")
    }

    @Test("A CA that nobody knows: what helps is told in sourcectl's own terms, and helps")
    func unknownAuthority() async throws {
        var protection = DockerRegistry.Protection()
        protection.certificates = try await TestCertificates()
        let registry = try await DockerRegistry(protection)
        let run = await SourcectlRun(["list", "artifacts", "oci://\(registry.address)/app"])
        #expect(run.code == 1)
        #expect(
            run.progress.hasSuffix(
                "; name a file with its CA in the environment variable SSL_CERT_FILE, or use --insecure-registry to check none"
            ), "\(run.progress)")
        let unchecked = await SourcectlRun([
            "list", "artifacts", "oci://\(registry.address)/app", "--insecure-registry",
        ])
        #expect(unchecked.progress.contains("HTTP 404"), "\(unchecked.progress)")
    }

    @Test("A registry that wants a client certificate, of which there is none")
    func clientCertificate() async throws {
        var protection = DockerRegistry.Protection()
        protection.certificates = try await TestCertificates()
        protection.requiresClientCertificate = true
        let registry = try await DockerRegistry(protection)
        let run = await SourcectlRun(["list", "artifacts", "oci://\(registry.address)/app", "--insecure-registry"])
        #expect(run.code == 1)
        #expect(
            run.progress.contains(
                "asked for a client certificate and ended the connection; sourcectl has none to show: use a way to the registry that asks for none"
            ), "\(run.progress)")
    }

    /// What the controller's users change in an object, `sourcectl`'s change on the command line.
    @Test("No message tells to change an object's fields")
    func ownTerms() async throws {
        let platforms: [JSONValue] = ["arm64", "s390x"].map { machine in
            [
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 2,
                "digest": .string("\(Digest.of(machine))"),
                "platform": ["os": "linux", "architecture": .string(machine)],
            ]
        }
        let index: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": .array(platforms),
        ]
        let text = String(decoding: index.serialized(), as: UTF8.self)
        let server = try RawServer { connection in
            if try connection.beginsTLS() { return try connection.write("HTTP/1.0 400 Bad Request\r\n\r\n") }
            while true {
                if try connection.readHead().contains("/private/") {
                    try connection.respond(
                        "401 Unauthorized",
                        headers: "WWW-Authenticate: Bearer realm=\"http://auth.example/token\"\r\n")
                } else {
                    try connection.respond(
                        headers: "Content-Type: application/vnd.oci.image.index.v1+json\r\n", body: text)
                }
            }
        }
        defer { withExtendedLifetime(server) {} }
        let folder = try TemporaryDirectory()
        let base = "oci://127.0.0.1:\(server.port)"
        let pulled = await SourcectlRun(["pull", "artifact", "\(base)/app:1", "--output", folder.file("out")])
        #expect(
            pulled.progress.hasSuffix(
                "it lists linux/arm64, linux/s390x. Name one by its digest: oci://<repository>@<digest>"),
            "\(pulled.progress)")
        let realm = await SourcectlRun(["pull", "artifact", "\(base)/private/app:1", "--output", folder.file("out")])
        #expect(
            realm.progress.hasSuffix("'auth.example', which is not allowed; use --insecure-registry if that is meant"),
            "\(realm.progress)")
        try folder.write(
            #"{"version":"1.0","trustPolicies":[{"name":"a","registryScopes":["*"],"signatureVerification":{"level":"strict"},"trustStores":["ca:a"],"trustedIdentities":["*"]}]}"#,
            to: "policy.json")
        let trust = await SourcectlRun([
            "verify", "artifact", "\(base)/app:1", "--trust-policy", folder.file("policy.json"),
        ])
        #expect(
            trust.progress.hasSuffix("there is no certificate; name a file with --trust-certificate"),
            "\(trust.progress)")
    }

    @Test("The version is shown")
    func version() async {
        let shown = await sourcectl("--version")
        #expect(shown.code == 0 && shown.output == "sourcectl \(ProductVersion.current)")
    }

    @Test("What belongs to other artifacts is not listed")
    func attachments() async throws {
        let registry = try await DockerRegistry()
        let folder = try TemporaryDirectory()
        try folder.write("a: 1\n", to: "content/a.yaml")
        let name = "oci://\(registry.address)/app"
        let pushed = await sourcectl(
            "push", "artifact", "\(name):1.0.0", "--path", folder.file("content"), "--source", "s", "--revision", "r")
        #expect(pushed.code == 0, "\(pushed.progress)")
        let hex = String(repeating: "ab", count: 32)
        let others = ["sha256-\(hex)", "sha256-\(hex).sig", "sha256-\(hex).att", "sha256-\(hex).sbom"]
        let own = ["sha256-abc", "sha256-\(hex).txt"]
        for tag in others + own {
            #expect(await sourcectl("tag", "artifact", "\(name):1.0.0", "--tag", tag).code == 0)
        }
        let listed = await sourcectl("list", "artifacts", name).output.split(separator: "\n").dropFirst()
        let tags = listed.compactMap { $0.split(separator: " ").first?.split(separator: ":").last.map(String.init) }
        #expect(Set(tags) == Set(["1.0.0"] + own))
    }

    @Test("A hostile archive writes nothing outside of the folder")
    func hostileArchive() async throws {
        let registry = try await DockerRegistry()
        let folder = try TemporaryDirectory()
        try folder.write("evil", to: "in/evil")
        // The archive climbs out; the layer is then published by hand, as an attacker would.
        let made = try await CommandLineTool.run(
            "tar", ["-czf", folder.file("evil.tgz"), "-P", "--transform", "s,^evil,../../escaped,", "evil"],
            directory: folder.file("in"))
        #expect(made.status == 0)
        let layer = try folder.read("evil.tgz")
        try await Publisher.publish(layer, at: "\(registry.address)/evil", tag: "1")
        let pulled = await sourcectl(
            "pull", "artifact", "oci://\(registry.address)/evil:1", "-o", folder.file("a/b/out"))
        #expect(pulled.code == 1)
        let found = try await CommandLineTool.run("find", [folder.path, "-name", "escaped"])
        #expect(found.output.isEmpty)
        // A link that is already there is not followed.
        let linked = try TemporaryDirectory()
        try linked.write("x", to: "outside/x")
        _ = try await CommandLineTool.run("mkdir", [linked.file("out")])
        _ = try await CommandLineTool.run("ln", ["-s", linked.file("outside"), linked.file("out/deep")])
        let sample = try await sample()
        _ = await sourcectl(
            "push", "artifact", "oci://\(registry.address)/app:1", "--path", sample.file("content"), "--source", "s",
            "--revision", "r")
        let refused = await sourcectl("pull", "artifact", "oci://\(registry.address)/app:1", "-o", linked.file("out"))
        #expect(refused.code == 1)
        let outside = try await CommandLineTool.run("ls", [linked.file("outside")])
        #expect(outside.output == "x\n")
    }
}
