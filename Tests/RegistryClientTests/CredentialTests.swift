import Core
import Cryptography
import OCI
import RegistryClient
import TestSupport
import Testing

@Suite("Pull secrets")
struct PullSecretTests {
    private static func secret(_ keys: String...) -> [UInt8] {
        let entries = keys.map { key -> String in #""\#(key)":{"username":"\#(key)","password":"p"}"# }
        return Array(#"{"auths":{\#(entries.joined(separator: ","))}}"#.utf8)
    }

    @Test(
        "The most specific key that matches wins",
        arguments: [
            (["ghcr.io"], "ghcr.io/a/b", "ghcr.io"), (["https://ghcr.io"], "ghcr.io/a", "https://ghcr.io"),
            (["https://ghcr.io/v2/"], "ghcr.io/a", "https://ghcr.io/v2/"), (["GHCR.io"], "ghcr.io/a", "GHCR.io"),
            (["ghcr.io", "ghcr.io/a", "ghcr.io/a/b"], "ghcr.io/a/b/c", "ghcr.io/a/b"),
            (["ghcr.io", "ghcr.io/a"], "ghcr.io/ab", "ghcr.io"), (["ghcr.io/a"], "ghcr.io/ab", nil),
            (["*.azurecr.io"], "my.azurecr.io/x", "*.azurecr.io"), (["*.azurecr.io"], "azurecr.io/x", nil),
            (["*.azurecr.io"], "a.b.azurecr.io/x", nil), (["*.io"], "ghcr.io/x", "*.io"), (["*"], "ghcr.io/x", nil),
            (["*.azurecr.io", "my.azurecr.io"], "my.azurecr.io/x", "my.azurecr.io"),
            (["my*.azurecr.io", "*.azurecr.io"], "my7.azurecr.io/x", "my*.azurecr.io"),
            (["*.azurecr.io/team", "my.azurecr.io"], "my.azurecr.io/team/x", "*.azurecr.io/team"),
            (["r?.example.com"], "r1.example.com/x", "r?.example.com"),
            (["localhost:5000"], "localhost:5000/x", "localhost:5000"),
            (["localhost"], "localhost:5000/x", nil), (["localhost:5000"], "localhost:5001/x", nil),
            (["*.example.com:5000"], "r.example.com:5000/x", "*.example.com:5000"),
            (["ghcr.io:443"], "ghcr.io/x", "ghcr.io:443"),
            (["[::1]:5000"], "[::1]:5000/x", "[::1]:5000"),
            (["https://index.docker.io/v1/"], "nginx", "https://index.docker.io/v1/"),
            (["index.docker.io/v1/"], "docker.io/team/x", "index.docker.io/v1/"), (["docker.io"], "nginx", "docker.io"),
            (["docker.io/team"], "team/x", "docker.io/team"), (["docker.io/team"], "nginx", nil),
            (["evil.io/ghcr.io"], "ghcr.io/x", nil), (["ghcr.io.evil.example"], "ghcr.io/x", nil),
            (["", "/", ":", "https://"], "ghcr.io/x", nil),
        ] as [([String], String, String?)])
    func matching(keys: [String], name: String, expected: String?) throws {
        let entries = keys.map { #""\#($0)":{"username":"k\#($0)","password":"p"}"# }
        let secrets = try PullSecrets(dockerConfigJSON: Array(#"{"auths":{\#(entries.joined(separator: ","))}}"#.utf8))
        let match = secrets.credential(for: try repository(name))
        #expect(match?.matchedKey == expected)
        if let expected { #expect(match?.credential == .basic(username: "k" + expected, password: Redacted("p"))) }
    }

    @Test("Globs cost linear time")
    func globs() throws {
        let key = String(repeating: "*a", count: 400) + "b.io"
        let secrets = try PullSecrets(dockerConfigJSON: Self.secret(key))
        #expect(secrets.credential(for: try repository(String(repeating: "a", count: 60) + ".io/x")) == nil)
    }

    @Test(
        "Every form of a credential is read",
        arguments: [
            (#"{"username":"u","password":"p"}"#, RegistryCredential.basic(username: "u", password: Redacted("p"))),
            (#"{"auth":"dTpwOnE="}"#, .basic(username: "u", password: Redacted("p:q"))),
            (#"{"username":"x","password":"y","auth":"dTpw"}"#, .basic(username: "u", password: Redacted("p"))),
            (#"{"auth":"MDAwMDo=","identitytoken":"tok"}"#, .identityToken(Redacted("tok"))),
            (#"{"username":"<token>","password":"tok"}"#, .identityToken(Redacted("tok"))),
            (#"{"registrytoken":"tok"}"#, .bearer(Redacted("tok"))),
        ])
    func forms(entry: String, credential: RegistryCredential) throws {
        let config = try PullSecrets(dockerConfigJSON: Array(#"{"auths":{"ghcr.io":\#(entry)}}"#.utf8))
        #expect(config.credential(for: try repository())?.credential == credential)
        let legacy = try PullSecrets(dockerCfg: Array(#"{"ghcr.io":\#(entry)}"#.utf8))
        #expect(legacy.credential(for: try repository())?.credential == credential)
    }

    @Test("Several secrets: the best match of all; empty entries count for nothing")
    func several() throws {
        var secrets = try PullSecrets(dockerConfigJSON: Self.secret("ghcr.io"), source: "one")
        secrets.append(try PullSecrets(dockerConfigJSON: Self.secret("ghcr.io/team", "ghcr.io"), source: "two"))
        #expect(secrets.credential(for: try repository())?.source == "two")
        #expect(secrets.credential(for: try repository("ghcr.io/x"))?.source == "one")
        let empty = try PullSecrets(dockerConfigJSON: Array(#"{"auths":{"ghcr.io":{}}}"#.utf8))
        #expect(empty.isEmpty)
        #expect(empty.credential(for: try repository()) == nil)
    }

    @Test(
        "Mistakes name the place, never a value",
        arguments: [
            "", "hunter2", "[]", "{}", #"{"auths":[]}"#, #"{"auths":{"ghcr.io":"hunter2"}}"#,
            #"{"auths":{"ghcr.io":{"auth":"hunter2!"}}}"#, #"{"auths":{"ghcr.io":{"auth":"aHVudGVyMg=="}}}"#,
            #"{"auths":{"ghcr.io":{"password":"hunter2"}}}"#,
            #"{"auths":{"ghcr.io":{"username":1,"password":"hunter2"}}}"#,
            #"{"auths":{"ghcr.io":{"registrytoken":"hunter2\r\nX: y"}}}"#, #"{"auths":{},"auths":{}}"#,
        ])
    func mistakes(text: String) {
        let error = #expect(throws: RegistryError.self) {
            try PullSecrets(dockerConfigJSON: Array(text.utf8), source: "Secret 'apps/ghcr'")
        }
        #expect(error?.code == .invalidCredentials)
        #expect(error?.message.contains("Secret 'apps/ghcr'") == true)
        #expect(error?.message.contains("hunter2") == false)
    }
}

@Suite("Docker's configuration file")
struct DockerConfigurationTests {
    private func credential(_ text: String, _ name: String, path: String = "/usr/bin:/bin") async throws
        -> RegistryCredential?
    {
        try await DockerConfiguration(parsing: Array(text.utf8), path: "config.json")
            .credential(for: try repository(name), environment: ["PATH": path])?.credential
    }

    @Test("Hosts match literally")
    func literal() async throws {
        let text =
            #"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpo"},"ghcr.io":{"auth":"dTpn"},"*.io":{"auth":"dTpx"},"https://r.io/v2/":{"auth":"dTpy"}}}"#
        for (name, password) in [
            ("nginx", "h"), ("ghcr.io/a", "g"), ("r.io/x", "r"), ("quay.io/x", nil), ("ghcr.io:5000/x", nil),
        ] as [(String, String?)] {
            #expect(try await credential(text, name) == password.map { .basic(username: "u", password: Redacted($0)) })
        }
    }

    @Test("Helpers are asked; a host's own helper goes first")
    func helpers() async throws {
        let folder = try TemporaryDirectory()
        for (name, script) in [
            (
                "general",
                #"read host; echo "{\"ServerURL\":\"$host\",\"Username\":\"u\",\"Secret\":\"general $host\"}""#
            ),
            ("special", #"echo '{"Username":"<token>","Secret":"tok"}'"#),
            ("empty", "echo 'credentials not found in native keychain'; exit 1"), ("broken", "echo hunter2; exit 1"),
            ("nonsense", "echo nonsense"), ("endless", "yes"),
        ] {
            let file = try folder.write("#!/bin/sh\n\(script)\n", to: "docker-credential-\(name)")
            #expect(try await CommandLineTool.run("/bin/chmod", ["755", file]).status == 0)
        }
        let path = folder.path + ":/usr/bin:/bin"
        let text =
            #"{"auths":{"ghcr.io":{}},"credsStore":"general","credHelpers":{"special.io":"special","empty.io":"empty"}}"#
        #expect(
            try await credential(text, "ghcr.io/a", path: path)
                == .basic(username: "u", password: Redacted("general ghcr.io")))
        #expect(try await credential(text, "special.io/a", path: path) == .identityToken(Redacted("tok")))
        #expect(try await credential(text, "empty.io/a", path: path) == nil)
        #expect(
            try await credential(text, "nginx", path: path)
                == .basic(username: "u", password: Redacted("general https://index.docker.io/v1/")))
        for helper in ["broken", "nonsense", "endless", "missing", "../../bin/sh", "a b", "x;id"] {
            let error = await #expect(throws: RegistryError.self, "\(helper)") {
                try await credential(#"{"credsStore":"\#(helper)"}"#, "ghcr.io/a", path: path)
            }
            #expect(error?.code == .invalidCredentials)
        }
    }
}
