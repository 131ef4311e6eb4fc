import Core
import Foundation
import TestSupport
import Testing

/// Everything that the README promises kubectl can do, done by a real one.
@Suite(.enabled(if: KubectlFixture.isInstalled, "kubectl is not installed; set KUBECTL to its path"))
struct KubectlTests {
    private static func manifest(_ name: String, version: String = "v1", spec: String = "") -> String {
        """
        apiVersion: source.toolkit.fluxcd.io/\(version)
        kind: OCIRepository
        metadata: {name: \(name), labels: {app: \(name)}}
        spec:
          url: oci://host/\(name)
          interval: 5m
        \(spec)
        """
    }

    @Test func `discovery and explain`() async throws {
        let kubectl = try KubectlFixture()
        let resources = try await kubectl.run("api-resources")
        #expect(resources.status == 0, "\(resources.errorOutput)")
        #expect(resources.output.contains("ocirepo"))
        #expect(resources.output.contains("configmaps"))
        let explained = try await kubectl.run("explain ocirepository.spec")
        #expect(explained.status == 0, "\(explained.errorOutput)")
        #expect(explained.output.contains("The repository, as oci://host[:port]/path"))
        #expect(explained.output.contains("-required-"))
        let secret = try await kubectl.run("explain secret.type")
        #expect(secret.status == 0, "\(secret.errorOutput)")
    }

    @Test func `client-side apply`() async throws {
        let kubectl = try KubectlFixture()
        let created = try await kubectl.run("apply -f -", input: Self.manifest("a"))
        #expect(created.output == "ocirepository.source.toolkit.fluxcd.io/a created\n", "\(created.errorOutput)")
        let unchanged = try await kubectl.run("apply -f -", input: Self.manifest("a"))
        #expect(unchanged.output.hasSuffix("unchanged\n"), "\(unchanged.errorOutput)")
        let changed = try await kubectl.run("apply -f -", input: Self.manifest("a", spec: "  suspend: true"))
        #expect(changed.output.hasSuffix("configured\n"), "\(changed.errorOutput)")
        let removed = try await kubectl.run("apply -f -", input: Self.manifest("a"))
        #expect(removed.output.hasSuffix("configured\n"), "\(removed.errorOutput)")
        let value = try await kubectl.run("get ocirepo a -o jsonpath={.spec}")
        #expect(!value.output.contains("suspend"))
        let difference = try await kubectl.run("diff -f -", input: Self.manifest("a", spec: "  suspend: true"))
        #expect(difference.status == 1)
        #expect(difference.output.contains("+  suspend: true"), "\(difference.errorOutput)")
        let same = try await kubectl.run("diff -f -", input: Self.manifest("a"))
        #expect(same.status == 0, "\(same.output)\(same.errorOutput)")
        let dry = try await kubectl.run("apply --dry-run=server -f -", input: Self.manifest("dry"))
        #expect(dry.output.contains("created (server dry run)"), "\(dry.errorOutput)")
        #expect(try await kubectl.run("get ocirepo dry").status == 1)
    }

    @Test(arguments: [
        ("  nosuchfield: 1", "nosuchfield"), ("  timeout: 5", "timeout"), ("  provider: nope", "provider"),
        ("  ref: {tag: [a]}", "tag"), ("  verify: {secretRef: {}}", "name"),
    ])
    func `a bad field is refused`(spec: String, field: String) async throws {
        let kubectl = try KubectlFixture()
        let outcome = try await kubectl.run("apply -f -", input: Self.manifest("bad", spec: spec))
        #expect(outcome.status == 1)
        #expect(outcome.errorOutput.contains(field), "\(outcome.errorOutput)")
        #expect(try await kubectl.run("get ocirepo bad").errorOutput.contains("NotFound"))
    }

    @Test func `server-side apply`() async throws {
        let kubectl = try KubectlFixture()
        let first = try await kubectl.run(
            "apply --server-side --field-manager=one -f -", input: Self.manifest("a", spec: "  suspend: false"))
        #expect(first.output.hasSuffix("serverside-applied\n"), "\(first.errorOutput)")
        let second = Self.manifest("a", spec: "  suspend: true")
        let conflict = try await kubectl.run("apply --server-side --field-manager=two -f -", input: second)
        #expect(conflict.status == 1)
        #expect(conflict.errorOutput.contains(".spec.suspend"), "\(conflict.errorOutput)")
        let forced = try await kubectl.run(
            "apply --server-side --force-conflicts --field-manager=two -f -", input: second)
        #expect(forced.status == 0, "\(forced.errorOutput)")
        let dropped = try await kubectl.run(
            "apply --server-side --field-manager=two -f -", input: Self.manifest("a"))
        #expect(dropped.status == 0, "\(dropped.errorOutput)")
        #expect(try await !kubectl.run("get ocirepo a -o jsonpath={.spec}").output.contains("suspend"))
    }

    @Test func `get in its many forms`() async throws {
        let kubectl = try KubectlFixture()
        _ = try await kubectl.run("apply -f -", input: Self.manifest("a") + "\n---\n" + Self.manifest("b"))
        let table = try await kubectl.run("get ocirepo")
        #expect(
            table.output.hasPrefix("NAME   URL            READY   STATUS   AGE\na      oci://host/a"),
            "\(table.output)\(table.errorOutput)")
        #expect(try await kubectl.run("get ocirepo -A").output.hasPrefix("NAMESPACE"))
        let selected = try await kubectl.run("get ocirepo -l app=b -o name")
        #expect(selected.output == "ocirepository.source.toolkit.fluxcd.io/b\n")
        let yaml = try await kubectl.run("get ocirepo a -o yaml")
        #expect(yaml.output.contains("  timeout: 60s\n"))
        let old = try await kubectl.run("get ocirepositories.v1beta2.source.toolkit.fluxcd.io a -o yaml")
        #expect(old.output.contains("source.toolkit.fluxcd.io/v1beta2"))
        let chunks = try await kubectl.run("get ocirepo --chunk-size=1 -o name")
        #expect(chunks.output.split(separator: "\n").count == 2)
        #expect(try await kubectl.run("get fluxcd-sources").output.contains("oci://host/a"))
        #expect(try await kubectl.run("get all").output.contains("oci://host/a"))
        #expect(try await kubectl.run("get crd").output.contains("ocirepositories.source.toolkit.fluxcd.io"))
        #expect(try await kubectl.run("get ns").output.contains("Active"))
        #expect(try await kubectl.run("get --raw /readyz").output == "ok")
    }

    @Test func `get -w follows changes`() async throws {
        let kubectl = try KubectlFixture()
        _ = try await kubectl.run("apply -f -", input: Self.manifest("a"))
        let watch = try kubectl.start("get ocirepo -w -o name")
        defer { watch.kill() }
        try await eventually("the list") { watch.log.contains("/a") }
        _ = try await kubectl.run("apply -f -", input: Self.manifest("later"))
        try await eventually("the change") { watch.log.contains("/later") }
    }

    @Test func `patch, annotate, label, edit and replace`() async throws {
        let kubectl = try KubectlFixture()
        _ = try await kubectl.run("apply -f -", input: Self.manifest("a"))
        func succeed(_ line: String, _ arguments: [String] = [], environment: [String: String] = [:]) async throws {
            let outcome = try await kubectl.run(line, arguments, environment: environment)
            #expect(outcome.status == 0, "\(line): \(outcome.errorOutput)")
        }
        try await succeed("patch ocirepo a --type merge -p", [#"{"spec":{"ref":{"tag":"x"}}}"#])
        try await succeed(
            "patch ocirepo a --type json -p", [#"[{"op":"replace","path":"/spec/ref/tag","value":"y"}]"#])
        let strategic = try await kubectl.run("patch ocirepo a --type strategic -p {}")
        #expect(strategic.status == 1)
        #expect(try await kubectl.run("get ocirepo a -o jsonpath={.spec.ref.tag}").output == "y")
        try await succeed("annotate ocirepo a reconcile.fluxcd.io/requestedAt=now")
        try await succeed("annotate --overwrite ocirepo a reconcile.fluxcd.io/requestedAt=later")
        try await succeed("label ocirepo a tier=x")
        try await succeed("label ocirepo a tier-")
        try await succeed("edit ocirepo a", environment: ["EDITOR": "sed -i s/5m/7m/"])
        #expect(try await kubectl.run("get ocirepo a -o jsonpath={.spec.interval}").output == "7m")
        let current = try await kubectl.run("get ocirepo a -o json")
        try await succeed("label ocirepo a tier=y")
        let stale = try await kubectl.run("replace -f -", input: current.output)
        #expect(stale.errorOutput.contains("the object has been modified"), "\(stale.errorOutput)")
        let fresh = try await kubectl.run("get ocirepo a -o json")
        let replaced = try await kubectl.run("replace -f -", input: fresh.output)
        #expect(replaced.status == 0, "\(replaced.errorOutput)")
    }

    @Test func `core kinds`() async throws {
        let kubectl = try KubectlFixture()
        func succeed(_ line: String, _ arguments: [String] = [], input: String = "") async throws -> String {
            let outcome = try await kubectl.run(line, arguments, input: input)
            #expect(outcome.status == 0, "\(line): \(outcome.errorOutput)")
            return outcome.output
        }
        _ = try await succeed("create ns demo")
        _ = try await succeed("create secret generic g --from-literal=a=b -n demo")
        _ = try await succeed(
            "create secret docker-registry d --docker-server=h:5000 --docker-username=u --docker-password=p -n demo")
        let key = try await CommandLineTool.run(
            "openssl",
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -subj /CN=x -days 2"
                .split(separator: " ").map(String.init), directory: kubectl.folder.path)
        #expect(key.status == 0)
        _ = try await succeed("create secret tls t --cert=tls.crt --key=tls.key -n demo")
        _ = try await succeed("create configmap c --from-literal=k=v -n demo")
        _ = try await succeed("create sa robot -n demo")
        _ = try await succeed("patch sa robot -n demo -p", [#"{"imagePullSecrets":[{"name":"d"}]}"#])
        _ = try await succeed(
            "patch secret g -n demo --type strategic -p", [#"{"stringData":{"e":"f"},"data":{"a":null}}"#])
        #expect(try await succeed("get secret g -n demo -o jsonpath={.data}").contains(#""e":"Zg==""#))
        #expect(try await succeed("get secret,sa,cm -n demo").contains("kubernetes.io/tls"))
        #expect(try await succeed("describe secret d -n demo").contains(".dockerconfigjson"))
        #expect(try await succeed("describe sa robot -n demo").contains("Image pull secrets:  d"))
        _ = try await succeed("describe cm c -n demo")
        let changed = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: demo}\ndata: {a: '1', b: '2'}\n"
        _ = try await succeed("apply -f -", input: changed)
        _ = try await succeed("apply -f -", input: changed.replacingOccurrences(of: ", b: '2'", with: ""))
        #expect(try await succeed("get cm x -n demo -o jsonpath={.data}") == #"{"a":"1"}"#)
        _ = try await succeed(
            "apply --server-side -f -",
            input: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: z1, namespace: demo}\ndata: {a: '1'}\n")
        if try await kubectl.minorVersion() >= 24 {
            let token = try await succeed("create token robot -n demo --duration 10m")
            #expect(token.split(separator: ".").count == 3)
        }
        _ = try await succeed("delete ns demo")
        #expect(try await kubectl.run("get ns demo").status == 1)
    }

    @Test func `describe and events`() async throws {
        let kubectl = try KubectlFixture()
        _ = try await kubectl.run("apply -f -", input: Self.manifest("a"))
        let uid = try await kubectl.run("get ocirepo a -o jsonpath={.metadata.uid}").output
        let event = """
            apiVersion: v1
            kind: Event
            metadata: {generateName: a., namespace: default}
            involvedObject: {apiVersion: source.toolkit.fluxcd.io/v1, kind: OCIRepository, name: a, namespace: default, uid: \(uid)}
            reason: NewArtifact
            message: stored artifact
            type: Normal
            source: {component: source-controller}
            firstTimestamp: "2026-01-01T00:00:00Z"
            lastTimestamp: "2026-01-01T00:00:00Z"
            count: 1
            """
        let created = try await kubectl.run("create -f -", input: event)
        #expect(created.status == 0, "\(created.errorOutput)")
        let described = try await kubectl.run("describe ocirepo a")
        #expect(described.output.contains("NewArtifact"), "\(described.output)\(described.errorOutput)")
        #expect(try await kubectl.run("get events").output.contains("ocirepository/a"))
        if try await kubectl.minorVersion() >= 26 {
            let events = try await kubectl.run("events --for ocirepository/a")
            #expect(events.output.contains("stored artifact"), "\(events.errorOutput)")
        }
    }

    @Test func `wait and delete`() async throws {
        let kubectl = try KubectlFixture()
        _ = try await kubectl.run("apply -f -", input: Self.manifest("a"))
        async let waiting = kubectl.run("wait ocirepo/a --for=condition=Ready --timeout=20s")
        let client = TestServer(server: kubectl.server)
        let path = "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/ocirepositories/a"
        let condition: JSONValue = [
            "type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1,
        ]
        let patched = try await client.patch(
            path + "/status", ["status": ["conditions": [condition], "observedGeneration": 1]])
        #expect(patched.status == 200, "\(patched.text)")
        let waited = try await waiting
        #expect(waited.output.contains("condition met"), "\(waited.errorOutput)")

        _ = try await client.patch(path, ["metadata": ["finalizers": ["finalizers.fluxcd.io"]]])
        async let deleting = kubectl.run("delete ocirepo a --timeout=20s")
        try await eventually("the mark") {
            try await client.get(path).json.member(at: "metadata", "deletionTimestamp") != nil
        }
        _ = try await client.patch(path, ["metadata": ["finalizers": .null]])
        let deleted = try await deleting
        #expect(deleted.status == 0, "\(deleted.errorOutput)")
        #expect(try await kubectl.run("get ocirepo a").status == 1)
        let manifests = Self.manifest("b") + "\n---\n" + Self.manifest("c")
        _ = try await kubectl.run("apply -f -", input: manifests)
        #expect(try await kubectl.run("delete ocirepo --all").status == 0)
        #expect(try await kubectl.run("get ocirepo -o name").output.isEmpty)
    }
}
