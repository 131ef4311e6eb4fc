import Core
import Foundation
import HTTPServing
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

/// Who the client says it is, and what happens when that is refused or takes long.
@Suite(.timeLimit(.minutes(1))) struct CredentialTests {
    private let key = ScriptedServer.secretKey

    @Test func staticCredentialsAreSent() async throws {
        for (authentication, expected) in [
            (ClientConfiguration.Authentication.token(Redacted("t")), "Bearer t"),
            (.basic(username: "u", password: Redacted("p")), "Basic dTpw"), (.none, nil),
        ] {
            try await ScriptedServer.run(
                setup: .init {
                    $0.authentication = authentication
                    $0.impersonation = [("Impersonate-User", "jane")]
                }
            ) { _ in
                ScriptedServer.json(ScriptedServer.secret)
            } _: { client, server in
                _ = try await client.get(Secret.self, key)
                #expect(server.requests[0].headers["Authorization"] == expected)
                #expect(server.requests[0].headers["Impersonate-User"] == "jane")
            }
        }
    }

    @Test func aReplacedTokenIsReadAfterAMinuteOrWhenRefused() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("one\n", to: "token")
        let time = ManualTime()
        let valid = Locked("Bearer one")
        try await ScriptedServer.run(setup: .init { $0.authentication = .tokenFile(path) }, time: time) { request in
            request.headers["Authorization"] == valid.current
                ? ScriptedServer.json(ScriptedServer.secret) : ScriptedServer.failure(401, "Unauthorized")
        } _: { client, server in
            _ = try await client.get(Secret.self, key)
            try folder.write("two", to: "token")
            _ = try await client.get(Secret.self, key)
            #expect(server.requests.allSatisfy { $0.headers["Authorization"] == "Bearer one" })
            valid.withLock { $0 = "Bearer two" }
            time.advance(by: .seconds(61))
            _ = try await client.get(Secret.self, key)
            #expect(server.requests.count == 3)
            // Refused: read at once, and only once.
            valid.withLock { $0 = "Bearer three" }
            try folder.write("three", to: "token")
            _ = try await client.get(Secret.self, key)
            #expect(server.requests.count == 5)
            valid.withLock { $0 = "Bearer other" }
            let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            #expect(error?.isUnauthorized == true)
            #expect(server.requests.count == 6)
            // While the file is away, the last token is used.
            valid.withLock { $0 = "Bearer three" }
            try FileManager.default.removeItem(atPath: path)
            time.advance(by: .seconds(61))
            _ = try await client.get(Secret.self, key)
        }
    }

    /// Whoever is refused after another request got the new token must try that, not give up.
    @Test func aRotationOfTheTokenFailsNoRequestUnderWay() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("one", to: "token")
        let (valid, refused) = (Locked("Bearer one"), Locked(0))
        try await ScriptedServer.run(setup: .init { $0.authentication = .tokenFile(path) }, time: ManualTime()) {
            request in
            if request.headers["Authorization"] == valid.current { return ScriptedServer.json(ScriptedServer.secret) }
            refused.withLock { $0 += 1 }
            // All were sent with the old token before the first is refused.
            try? await eventually { refused.current >= 4 }
            return ScriptedServer.failure(401, "Unauthorized")
        } _: { client, server in
            _ = try await client.get(Secret.self, key)
            try folder.write("two", to: "token")
            valid.withLock { $0 = "Bearer two" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { _ = try await client.get(Secret.self, key) } }
                try await group.waitForAll()
            }
            #expect(server.requests.count == 9)
        }
    }

    /// Asks for `/x` within an hour, with credentials of a plugin that waits for a file, and lets `passing` pass meanwhile.
    private func askWithSlowPlugin(
        passing: Duration, endsThen: Bool, _ respond: @escaping ScriptedServer.Respond,
        _ expect: (KubernetesError?, ExecPlugin, ScriptedServer) -> Void
    ) async throws {
        let folder = try TemporaryDirectory()
        let time = ManualTime()
        let (runs, go) = (folder.file("runs"), folder.file("go"))
        let plugin = try plugin(
            folder,
            """
            touch \(runs)
            while [ -e \(runs) ] && ! [ -e \(go) ]; do sleep 0.02; done
            \(credential("{\"token\":\"t\"}"))
            """)
        try await ScriptedServer.run(
            setup: .init { $0.authentication = .exec(plugin) }, time: time, respond
        ) { client, server in
            let request = APIRequest("GET", "/x", lane: .lease, deadline: .seconds(3600))
            let task = Task { _ = try await client.send(request) }
            defer {
                _ = try? folder.write("", to: "go")
                task.cancel()
            }
            try await eventually {
                time.sleeperCount > 0 && FileManager.default.fileExists(atPath: runs)
            }
            time.advance(by: passing)
            if endsThen { try folder.write("", to: "go") }
            let error = await #expect(throws: KubernetesError.self) { try await task.value }
            expect(error, plugin, server)
        }
    }

    /// A lease that is not written in time is lost: getting credentials is part of its time.
    @Test func waitingForCredentialsIsPartOfTheTime() async throws {
        try await askWithSlowPlugin(passing: .seconds(3600), endsThen: false) { _ in
            ScriptedServer.json(ScriptedServer.secret)
        } _: { error, plugin, server in
            #expect(error?.code == .credentials && error?.isRetryable == true)
            #expect(error?.message.contains(plugin.command) == true)
            #expect(server.requests.isEmpty)
        }
    }

    /// What is left after getting them is what the server has.
    @Test func theServerHasTheTimeThatCredentialsLeave() async throws {
        try await askWithSlowPlugin(passing: .milliseconds(3_599_900), endsThen: true) { _ in
            try? await Task.sleep(for: .seconds(3600))
            return ScriptedServer.json(ScriptedServer.secret)
        } _: { error, _, _ in
            #expect(error?.code == .transport && error?.isRetryable == true)
        }
    }

    @Test func anotherTryWithOtherCredentialsIsPartOfTheTime() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("one", to: "token")
        let time = ManualTime()
        try await ScriptedServer.run(setup: .init { $0.authentication = .tokenFile(path) }, time: time) { _ in
            _ = try? folder.write("two", to: "token")
            time.advance(by: .seconds(5))
            return ScriptedServer.failure(401, "Unauthorized")
        } _: { client, server in
            let error = await #expect(throws: KubernetesError.self) {
                _ = try await client.send(APIRequest("GET", "/x", lane: .lease, deadline: .seconds(5)))
            }
            #expect(error?.code == .transport && error?.isRetryable == true)
            #expect(server.requests.count == 1)
        }
    }

    private func plugin(_ folder: TemporaryDirectory, _ script: String) throws -> ExecPlugin {
        let path = try folder.write("#!/bin/sh\necho run >> \(folder.file("log"))\n\(script)\n", to: "plugin")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        return ExecPlugin(
            apiVersion: "client.authentication.k8s.io/v1", command: path, environment: ["EXTRA": "value"],
            installHint: "get it there", cluster: ["server": "https://h"])
    }

    private func credential(_ status: String) -> String {
        "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":\(status)}'"
    }

    @Test func pluginsRunOnceUntilTheirTokenExpiresOrIsRefused() async throws {
        let folder = try TemporaryDirectory()
        let time = ManualTime()
        let expires = (time.now + .seconds(300)).rfc3339
        let plugin = try plugin(
            folder,
            "echo \"$KUBERNETES_EXEC_INFO $EXTRA\" > \(folder.file("info"))\n"
                + credential("{\"token\":\"t\",\"expirationTimestamp\":\"\(expires)\"}"))
        let refused = Locked(false)
        try await ScriptedServer.run(setup: .init { $0.authentication = .exec(plugin) }, time: time) { request in
            let isRefused = refused.withLock { value in
                defer { value = false }
                return value
            }
            return !isRefused && request.headers["Authorization"] == "Bearer t"
                ? ScriptedServer.json(ScriptedServer.secret) : ScriptedServer.failure(401, "Unauthorized")
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { _ = try await client.get(Secret.self, key) } }
                try await group.waitForAll()
            }
            let runs = { String(decoding: try folder.read("log"), as: UTF8.self).split(separator: "\n").count }
            #expect(try runs() == 1)
            refused.withLock { $0 = true }
            _ = try await client.get(Secret.self, key)
            #expect(try runs() == 2)
            time.advance(by: .seconds(301))
            _ = try await client.get(Secret.self, key)
            #expect(try runs() == 3)
            let info = String(decoding: try folder.read("info"), as: UTF8.self)
            #expect(info.contains("\"cluster\":{\"server\":\"https://h\"}"))
            #expect(info.contains("\"interactive\":false"))
            #expect(info.hasSuffix(" value\n"))
        }
    }

    @Test(
        arguments: [
            ("echo nope >&2; exit 3", "nope"), ("echo hello", "printed no JSON"),
            ("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v1\"}'", "did not print an ExecCredential"),
            (
                "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'",
                "neither a token nor"
            ),
            (
                "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
                    + "\"status\":{\"token\":\"a b\"}}'", "characters that no token has"
            ),
        ])
    func brokenPluginsAreNamed(_ script: String, _ expected: String) async throws {
        let folder = try TemporaryDirectory()
        let plugin = try plugin(folder, script)
        try await ScriptedServer.run(
            setup: .init {
                $0.authentication = .exec(plugin)
            }
        ) { _ in
            ScriptedServer.json(ScriptedServer.secret)
        } _: { client, server in
            let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains(plugin.command) == true)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func aMissingPluginSaysHowToGetIt() async throws {
        let plugin = ExecPlugin(
            apiVersion: "client.authentication.k8s.io/v1", command: "/nowhere/plugin", installHint: "get it there")
        try await ScriptedServer.run(
            setup: .init {
                $0.authentication = .exec(plugin)
            }
        ) { _ in
            ScriptedServer.json(ScriptedServer.secret)
        } _: { client, _ in
            let error = await #expect(throws: KubernetesError.self) { _ = try await client.get(Secret.self, key) }
            #expect(error?.message.contains("get it there") == true)
        }
    }
}
