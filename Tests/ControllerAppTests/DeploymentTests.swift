import CommandLineParsing
import ControllerApp
import Testing

/// What a Deployment of Flux's controller passes already starts this one, and means the same.
@Suite("Flags and environment of a Deployment that is there")
struct DeploymentTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        /// As the flag is shown by `--help`.
        let usual: String
        /// Another value.
        let given: String
        var environment: String?
        var hasEffect = true

        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "metrics-addr", usual: ":8080", given: ":1", environment: "METRICS_ADDR"),
        Row(name: "events-addr", usual: "", given: "http://nc/", environment: "EVENTS_ADDR"),
        Row(name: "health-addr", usual: ":9440", given: ":2"),
        Row(name: "storage-path", usual: "/data", given: "/x", environment: "STORAGE_PATH"),
        Row(name: "storage-addr", usual: ":9090", given: ":3", environment: "STORAGE_ADDRESS"),
        Row(name: "storage-adv-addr", usual: "", given: "host", environment: "STORAGE_ADV_ADDR"),
        Row(name: "concurrent", usual: "2", given: "4"),
        Row(name: "requeue-dependency", usual: "30s", given: "5s", hasEffect: false),
        Row(name: "artifact-retention-ttl", usual: "1m0s", given: "5m0s"),
        Row(name: "artifact-retention-records", usual: "2", given: "3"),
        Row(name: "artifact-digest-algo", usual: "sha256", given: "sha512"),
        Row(name: "watch-all-namespaces", usual: "true", given: "false"),
        Row(name: "watch-label-selector", usual: "", given: "a=b"),
        Row(name: "log-level", usual: "info", given: "debug"),
        Row(name: "log-encoding", usual: "json", given: "console"),
        Row(name: "enable-leader-election", usual: "", given: "true"),
        Row(name: "leader-election-release-on-cancel", usual: "true", given: "false"),
        Row(name: "leader-election-lease-duration", usual: "35s", given: "1m0s"),
        Row(name: "leader-election-renew-deadline", usual: "30s", given: "20s"),
        Row(name: "leader-election-retry-period", usual: "5s", given: "2s"),
        Row(name: "kube-api-qps", usual: "50", given: "100"), Row(name: "kube-api-burst", usual: "300", given: "10"),
        Row(name: "min-retry-delay", usual: "750ms", given: "1s"),
        Row(name: "max-retry-delay", usual: "15m0s", given: "20m0s"),
        Row(name: "interval-jitter-percentage", usual: "5", given: "10"),
        Row(name: "feature-gates", usual: "", given: "ObjectLevelWorkloadIdentity=true"),
        Row(name: "token-cache-max-size", usual: "100", given: "0"),
        Row(name: "token-cache-max-duration", usual: "1h0m0s", given: "10m0s"),
        Row(name: "default-service-account", usual: "", given: "default", hasEffect: false),
        Row(name: "helm-index-max-size", usual: "52428800", given: "1", hasEffect: false),
        Row(name: "helm-chart-max-size", usual: "10485760", given: "1", hasEffect: false),
        Row(name: "helm-chart-file-max-size", usual: "5242880", given: "1", hasEffect: false),
        Row(name: "helm-cache-max-size", usual: "0", given: "1", hasEffect: false),
        Row(name: "helm-cache-ttl", usual: "15m", given: "1m", hasEffect: false),
        Row(name: "helm-cache-purge-interval", usual: "1m", given: "2m", hasEffect: false),
        Row(name: "ssh-kex-algos", usual: "", given: "a,b", hasEffect: false),
        Row(name: "ssh-hostkey-algos", usual: "", given: "a,b", hasEffect: false),
    ]

    @Test("Each flag has upstream's name and default, and is taken", arguments: rows)
    func flag(row: Row) throws {
        let flags = ControllerFlags()
        let definition = try #require(flags.set.definitions.first { $0.name == row.name })
        #expect(definition.shownDefault == row.usual)
        #expect(definition.environment == row.environment)
        let values = try flags.set.parse(["--\(row.name)=\(row.given)"])
        _ = try ControllerConfiguration(
            flags: flags, values: values, environment: ["RUNTIME_NAMESPACE": "flux-system"])
        #expect(values.withoutEffect.isEmpty == row.hasEffect, "\(values.withoutEffect)")
        #expect(values.withoutEffect.allSatisfy { $0.hasPrefix("--\(row.name) has no effect: ") })
    }
}
