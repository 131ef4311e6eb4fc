package import CommandLineParsing
internal import Core
internal import Verification

/// The flags of `source-controller`, in the order in which help and documentation list them: one table for parsing,
/// `--help` and docs/flags.md.
package struct ControllerFlags: Sendable {
    /// The set that parses them.
    package let set: FlagSet

    // Where it listens and what it serves.
    let metricsAddress: Flag<String>
    let healthAddress: Flag<String>
    let storageAddress: Flag<String>
    let storageAdvertisedAddress: Flag<String>
    let storagePath: Flag<String>
    let eventsAddress: Flag<String>

    // What it watches and how it works.
    let watchAllNamespaces: Flag<Bool>
    let watchLabelSelector: Flag<String>
    let concurrent: Flag<Int>
    let minimumRetryDelay: Flag<Duration>
    let maximumRetryDelay: Flag<Duration>
    let intervalJitterPercentage: Flag<Int>
    let requeueDependency: Flag<Duration>
    let featureGates: Flag<String>
    let defaultServiceAccount: Flag<String>

    // Artifacts.
    let artifactRetentionTTL: Flag<Duration>
    let artifactRetentionRecords: Flag<Int>
    let artifactDigestAlgorithm: Flag<String>
    let layerSizeLimit: Flag<Int>
    let unpackedSizeLimit: Flag<Int>
    let compressionRatioLimit: Flag<Int>
    let entryCountLimit: Flag<Int>
    let pathLengthLimit: Flag<Int>
    let pathDepthLimit: Flag<Int>
    let downloadRateMinimum: Flag<Int>
    let downloadRateLimit: Flag<Int>
    let storageSizeLimit: Flag<Int>

    // Registries.
    let tokenCacheMaximumSize: Flag<Int>
    let tokenCacheMaximumDuration: Flag<Duration>
    let registryPlainHTTPForPrivateHosts: Flag<Bool>
    let registryConcurrency: Flag<Int>

    // Signatures.
    let sigstoreTrustedRoot: Flag<String>
    let sigstoreTUFMirror: Flag<String>
    let sigstoreTUFRoot: Flag<String>
    let sigstoreTUFCAFile: Flag<String>
    let sigstoreTUFProxy: Flag<String>
    let insecureAcceptAnyIdentity: Flag<Bool>
    let serveUnverifiedArtifacts: Flag<Bool>

    // Kubernetes.
    let kubeconfig: Flag<String>
    let kubeAPIQPS: Flag<Double>
    let kubeAPIBurst: Flag<Int>
    let enableLeaderElection: Flag<Bool>
    let leaderElectionReleaseOnCancel: Flag<Bool>
    let leaderElectionLeaseDuration: Flag<Duration>
    let leaderElectionRenewDeadline: Flag<Duration>
    let leaderElectionRetryPeriod: Flag<Duration>

    // Logs.
    let logLevel: Flag<String>
    let logEncoding: Flag<String>

    // Without a cluster.
    let standalone: Flag<Bool>
    let standaloneAddress: Flag<String>
    let standaloneData: Flag<String>
    let standaloneKubeconfig: Flag<String>

    let version: Flag<Bool>

    /// All flags with their defaults.
    package init() {
        var set = FlagSet()
        metricsAddress = set.add(
            .string(
                "metrics-addr", placeholder: "address", default: ":8080", environment: "METRICS_ADDR",
                help: "The address that serves metrics; empty for none."))
        healthAddress = set.add(
            .string(
                "health-addr", placeholder: "address", default: ":9440",
                help: "The address that answers health probes; empty for none."))
        storageAddress = set.add(
            .string(
                "storage-addr", placeholder: "address", default: ":9090", environment: "STORAGE_ADDRESS",
                help: "The address that serves artifacts."))
        storageAdvertisedAddress = set.add(
            .string(
                "storage-adv-addr", placeholder: "host", environment: "STORAGE_ADV_ADDR",
                help: "The host that artifact URLs name; empty derives it from the host name and --storage-addr."))
        storagePath = set.add(
            .string(
                "storage-path", placeholder: "folder", default: "/data", environment: "STORAGE_PATH",
                help: "The folder that holds the artifacts."))
        eventsAddress = set.add(
            .string(
                "events-addr", placeholder: "url", environment: "EVENTS_ADDR",
                help: "The notification-controller that events are posted to; empty for none."))

        watchAllNamespaces = set.add(
            .bool(
                "watch-all-namespaces", default: true,
                help: "Whether objects of all namespaces are watched; if false, those of RUNTIME_NAMESPACE."))
        watchLabelSelector = set.add(
            .string(
                "watch-label-selector", placeholder: "selector",
                help: "The label selector of the objects to watch; empty for all."))
        concurrent = set.add(
            .integer("concurrent", default: 2, in: 1...1000, help: "How many objects are reconciled at once."))
        minimumRetryDelay = set.add(
            .duration(
                "min-retry-delay", default: .milliseconds(750), atLeast: .milliseconds(1),
                help: "The delay before a failed object is tried again for the first time; it doubles each time."))
        maximumRetryDelay = set.add(
            .duration(
                "max-retry-delay", default: .seconds(900), atLeast: .milliseconds(1),
                help: "The longest delay before a failed object is tried again."))
        intervalJitterPercentage = set.add(
            .integer(
                "interval-jitter-percentage", default: 5, in: 0...99,
                help: "By how many percent an interval may be longer or shorter."))
        requeueDependency = set.add(
            .duration(
                "requeue-dependency", default: .seconds(30),
                help: "The interval at which failing dependencies are re-evaluated.",
                withoutEffect: "an OCIRepository depends on no other object"))
        featureGates = set.add(
            .string(
                "feature-gates", placeholder: "gate=bool,...",
                help: "Feature gates as a comma-separated list of name=true or name=false."))
        defaultServiceAccount = set.add(
            .string(
                "default-service-account", placeholder: "name",
                help: "The service account used for workload identity where an object names none.",
                withoutEffect: "logging in to cloud registries is not supported"))

        artifactRetentionTTL = set.add(
            .duration(
                "artifact-retention-ttl", default: .seconds(60),
                help: "How long an artifact is kept that is no longer current, or that another controller took over."))
        artifactRetentionRecords = set.add(
            .integer(
                "artifact-retention-records", default: 2, in: 1...10_000,
                help: "How many artifacts of an object are kept, the current one included."))
        artifactDigestAlgorithm = set.add(
            .string(
                "artifact-digest-algo", placeholder: "algorithm", default: "sha256",
                help: "The algorithm of artifact digests: sha256, sha384 or sha512."))
        layerSizeLimit = set.add(Self.bytes("layer-size-limit", default: 2 << 30, help: "The largest layer"))
        unpackedSizeLimit = set.add(
            Self.bytes("unpacked-size-limit", default: 8 << 30, help: "The largest unpacked content of a layer"))
        compressionRatioLimit = set.add(
            .integer(
                "compression-ratio-limit", default: 200, in: 1...1_000_000,
                help: "How many times larger than the layer its content may be, beyond its first 64 MiB."))
        entryCountLimit = set.add(
            .integer(
                "entry-count-limit", default: 250_000, in: 1...100_000_000,
                help: "The largest number of entries in a layer's archive."))
        pathLengthLimit = set.add(
            .integer(
                "path-length-limit", default: 4096, in: 1...65_536, help: "The longest path in an archive, in bytes."))
        pathDepthLimit = set.add(
            .integer(
                "path-depth-limit", default: 100, in: 1...4096, help: "The deepest path in an archive, in folders."))
        downloadRateMinimum = set.add(
            .integer(
                "download-rate-minimum", placeholder: "bytes", default: 1024, in: 0...Int.max,
                help:
                    "The slowest download, in bytes per second over half a minute; a slower one fails (0: no limit)."))
        downloadRateLimit = set.add(
            .integer(
                "download-rate-limit", placeholder: "bytes", default: 0, in: 0...Int.max,
                help: "The fastest download of one layer, in bytes per second; it is held back (0: no limit)."))
        storageSizeLimit = set.add(
            Self.bytes(
                "storage-size-limit", default: 0, atLeast: 0,
                help: "The largest size of all artifacts together (0: no limit)"))

        tokenCacheMaximumSize = set.add(
            .integer(
                "token-cache-max-size", default: 100, in: 0...100_000,
                help: "How many registry tokens are kept; 0 for none."))
        tokenCacheMaximumDuration = set.add(
            .duration(
                "token-cache-max-duration", default: .seconds(3600), help: "How long a registry token is kept at most.")
        )
        registryPlainHTTPForPrivateHosts = set.add(
            .bool(
                "registry-plain-http-for-private-hosts", default: true,
                help:
                    "Whether loopback, RFC 1918 and *.local registries may be spoken to over plain HTTP without insecure."
            ))
        registryConcurrency = set.add(
            .integer(
                "registry-concurrency", default: 16, in: 1...1000,
                help: "How many requests one registry host is sent at once."))

        sigstoreTrustedRoot = set.add(
            .string(
                "sigstore-trusted-root", placeholder: "file",
                help: "A trusted_root.json for keyless verification; TUF is then not asked. Empty for TUF."))
        sigstoreTUFMirror = set.add(
            .string(
                "sigstore-tuf-mirror", placeholder: "url", default: PublicGoodInstance.mirror,
                help: "The TUF repository that keyless verification's trust material is refreshed from."))
        sigstoreTUFRoot = set.add(
            .string(
                "sigstore-tuf-root", placeholder: "file",
                help: "The TUF root.json to begin with; empty for the public instance's, which is built in."))
        sigstoreTUFCAFile = set.add(
            .string(
                "sigstore-tuf-ca-file", placeholder: "file",
                help: "Certificate authorities for the TUF mirror, besides the system's."))
        sigstoreTUFProxy = set.add(
            .string(
                "sigstore-tuf-proxy", placeholder: "url",
                help: "The proxy to the TUF mirror; empty for that of the environment."))
        insecureAcceptAnyIdentity = set.add(
            .bool(
                "insecure-accept-any-identity",
                help: "Whether keyless verification without matchOIDCIdentity accepts whoever signed."))
        serveUnverifiedArtifacts = set.add(
            .bool(
                "serve-unverified-artifacts", default: true,
                help:
                    "Whether a stored artifact stays served while no signature vouches for it any more, as with Flux; if false, it is withheld until one does."
            ))

        kubeconfig = set.add(
            .string(
                "kubeconfig", placeholder: "file",
                help:
                    "The kubeconfig to use outside of a cluster; empty for KUBECONFIG, then the pod's service account.")
        )
        kubeAPIQPS = set.add(
            .number(
                "kube-api-qps", default: 50, help: "Requests per second to the Kubernetes API; 0 or less for no limit.")
        )
        kubeAPIBurst = set.add(
            .integer(
                "kube-api-burst", default: 300, in: 1...1_000_000,
                help: "How many requests to the Kubernetes API may come at once."))
        enableLeaderElection = set.add(
            .bool(
                "enable-leader-election",
                help: "Whether replicas elect a leader; only the leader reconciles and serves."))
        leaderElectionReleaseOnCancel = set.add(
            .bool(
                "leader-election-release-on-cancel", default: true,
                help: "Whether the lease is released on shutdown, so that another replica takes over at once."))
        leaderElectionLeaseDuration = set.add(
            .duration(
                "leader-election-lease-duration", default: .seconds(35), atLeast: .seconds(1),
                help: "How long others wait for a leader that no longer renews."))
        leaderElectionRenewDeadline = set.add(
            .duration(
                "leader-election-renew-deadline", default: .seconds(30), atLeast: .milliseconds(100),
                help: "How long the leader tries to renew before it gives up."))
        leaderElectionRetryPeriod = set.add(
            .duration(
                "leader-election-retry-period", default: .seconds(5), atLeast: .milliseconds(10),
                help: "How long to wait between tries to become or stay leader."))

        logLevel = set.add(
            .string(
                "log-level", default: "info", choices: ["trace", "debug", "info", "error"],
                help: "The least severe lines shown."))
        logEncoding = set.add(
            .string("log-encoding", default: "json", choices: ["json", "console"], help: "The form of log lines."))

        standalone = set.add(
            .bool("standalone", help: "Whether to run with an embedded Kubernetes API, without a cluster."))
        standaloneAddress = set.add(
            .string(
                "standalone-addr", placeholder: "address", default: "127.0.0.1:8901",
                help: "The loopback address of the embedded API."))
        standaloneData = set.add(
            .string(
                "standalone-data", placeholder: "folder",
                help: "The folder of the embedded API's objects; empty for a folder beside the artifacts."))
        standaloneKubeconfig = set.add(
            .string(
                "standalone-kubeconfig", placeholder: "file",
                help: "Where to write a kubeconfig for the embedded API; empty for a file in its folder."))

        version = set.add(.bool("version", help: "Print the version and exit."))
        Self.addFlagsWithoutEffect(to: &set)
        self.set = set
    }

    /// The flags of upstream's other source kinds: a Deployment that passes them starts, and is told that they do nothing.
    private static func addFlagsWithoutEffect(to set: inout FlagSet) {
        let helm = "Helm sources are not served by this controller"
        for (name, value) in [
            ("helm-index-max-size", 50 << 20), ("helm-chart-max-size", 10 << 20), ("helm-chart-file-max-size", 5 << 20),
            ("helm-cache-max-size", 0),
        ] {
            set.add(.integer(name, default: value, help: "For Helm sources only.", withoutEffect: helm))
        }
        for (name, value) in [("helm-cache-ttl", "15m"), ("helm-cache-purge-interval", "1m")] {
            set.add(
                .string(
                    name, placeholder: "duration", default: value, help: "For Helm sources only.", withoutEffect: helm))
        }
        let git = "Git sources are not served by this controller"
        for name in ["ssh-kex-algos", "ssh-hostkey-algos"] {
            set.add(.strings(name, separator: ",", help: "For Git sources only.", withoutEffect: git))
        }
    }

    private static func bytes(
        _ name: String, default value: Int, atLeast minimum: Int = 1, help: String
    ) -> Flag<Int> {
        .integer(name, placeholder: "bytes", default: value, in: minimum...Int.max, help: "\(help), in bytes.")
    }
}
