import CommandLineParsing
import ControllerApp
import ControllerRuntime
import Core
import RegistryClient
import Testing

@Suite("What flags ask for")
struct ConfigurationTests {
    private func configuration(
        _ arguments: String..., environment: [String: String] = [:]
    ) throws -> ControllerConfiguration {
        let flags = ControllerFlags()
        let values = try flags.set.parse(arguments)
        return try ControllerConfiguration(flags: flags, values: values, environment: environment)
    }

    private func refusal(_ arguments: String..., environment: [String: String] = [:]) -> String? {
        let flags = ControllerFlags()
        let error = #expect(throws: CommandLineError.self) {
            let values = try flags.set.parse(arguments)
            _ = try ControllerConfiguration(flags: flags, values: values, environment: environment)
        }
        return error?.message
    }

    @Test("A download that is held back can not be too slow")
    func downloadRates() throws {
        #expect(
            refusal("--download-rate-limit=2047")
                == "invalid value '2047' for --download-rate-limit: must be at least twice --download-rate-minimum (1024), or 0"
        )
        _ = try configuration("--download-rate-limit=2048")
        _ = try configuration("--download-rate-limit=1", "--download-rate-minimum=0")
    }

    @Test("Registries are spoken to as the flags say")
    func registries() throws {
        let given = try configuration(
            "--download-rate-minimum=500", "--download-rate-limit=100000", "--registry-concurrency=3",
            "--registry-plain-http-for-private-hosts=false"
        ).registries
        #expect(given.minimumDownloadRate == 500 && given.maximumDownloadRate == 100_000)
        #expect(given.requestsPerHost == 3 && !given.allowsLocalPlainHTTP)
        let usual = try configuration().registries
        #expect(usual.minimumDownloadRate == 1024 && usual.maximumDownloadRate == 0)
        #expect(usual.requestsPerHost == 16 && usual.allowsLocalPlainHTTP)
    }

    /// Whoever writes objects must not be able to keep the workers: 90 minutes, as docs/ocirepository.md says.
    @Test("Reconciliations are bounded in number and time, and tried again as the flags say")
    func controller() throws {
        let usual = try configuration().controller
        #expect(usual.reconcileTimeout == .seconds(90 * 60))
        let given = try configuration("--concurrent=7", "--min-retry-delay=1s", "--max-retry-delay=4s").controller
        #expect(given.concurrency == 7)
        #expect((0..<4).map { given.backoff.delay(attempt: $0) } == [1, 2, 4, 4].map { .seconds($0) })
    }

    @Test(
        "Servers whose addresses cannot be right end the start, and no password is shown",
        arguments: [
            ("--events-addr=ftp://nc/", "'ftp://nc/' for --events-addr: the URL's scheme is neither http nor https"),
            ("--events-addr=http://", "'http://' for --events-addr: the URL is malformed"),
            (
                "--events-addr=http://me:hush@nc/",
                "'***' for --events-addr: the URL carries a user or password, which is never sent"
            ),
            ("--sigstore-tuf-mirror=mirror", "'mirror' for --sigstore-tuf-mirror: the URL"),
            ("--sigstore-tuf-mirror=", "'' for --sigstore-tuf-mirror: the URL is malformed"),
            ("--sigstore-tuf-mirror=https://me:hush@mirror/", "'***' for --sigstore-tuf-mirror: the URL carries"),
            (
                "--sigstore-tuf-proxy=ftp://me:hush@proxy",
                "'***' for --sigstore-tuf-proxy: the proxy address has a scheme other than http, https and socks5"
            ),
        ])
    func servers(argument: String, text: String) throws {
        let message = refusal(argument) ?? ""
        #expect(message.hasPrefix("invalid value \(text)"), "\(message)")
        #expect(!message.contains("hush"))
        _ = try configuration(
            "--events-addr=http://nc./", "--sigstore-tuf-mirror=https://mirror/tuf/",
            "--sigstore-tuf-proxy=http://me:hush@proxy:3128")
    }

    @Test("A label selector gives the Lease a name of its own: eight digits of its SHA-256")
    func leaseName() throws {
        #expect(
            try configuration("--enable-leader-election").leaderElection?.leaseName
                == "source-controller-leader-election")
        // printf 'sharding.fluxcd.io/key=oci' | sha256sum
        #expect(
            try configuration("--enable-leader-election", "--watch-label-selector=sharding.fluxcd.io/key=oci")
                .leaderElection?.leaseName == "source-controller-leader-election-690c85a1")
    }

    @Test("One namespace is watched only if the environment names it")
    func namespace() throws {
        #expect(
            refusal("--watch-all-namespaces=false")
                == "invalid value 'false' for --watch-all-namespaces: needs the environment variable RUNTIME_NAMESPACE, which names the namespace to watch"
        )
        let environment = ["RUNTIME_NAMESPACE": "team"]
        #expect(
            try configuration("--watch-all-namespaces=false", environment: environment).watchedNamespace == "team")
        #expect(try configuration(environment: environment).watchedNamespace == nil)
    }

    @Test("Upstream's feature gates are known, any other ends the start")
    func featureGates() throws {
        let gates = "--feature-gates=ObjectLevelWorkloadIdentity=true,CacheSecretsAndConfigMaps=false"
        #expect(try configuration(gates).featureGates.objectLevelWorkloadIdentity)
        #expect(
            refusal("--feature-gates=Foo=true")
                == "invalid value 'Foo=true' for --feature-gates: unknown gate 'Foo'; there are ObjectLevelWorkloadIdentity and CacheSecretsAndConfigMaps"
        )
        #expect(refusal("--feature-gates=ObjectLevelWorkloadIdentity")?.contains("must be '<gate>=true'") == true)
    }

    @Test("Upstream's timing of leader election is the default")
    func leaderElection() throws {
        let election = try #require(try configuration("--enable-leader-election").leaderElection)
        #expect(election.leaseDuration == .seconds(35) && election.renewDeadline == .seconds(30))
        #expect(election.retryPeriod == .seconds(5) && election.releasesOnCancel)
    }

    @Test(
        "The advertised host is one that a URL can have",
        arguments: [
            "source-controller", "source-controller.source-system.svc.cluster.local.", "localhost:9090", "10.1.2.3",
            "10.1.2.3:80", "[::1]", "[fd00::1]:9090", "under_score.example:1", "Store.Example:65535", "1.example",
        ])
    func advertisedHost(host: String) throws {
        #expect(try configuration("--storage-adv-addr=\(host)").advertisedHost(hostName: "pod") == host)
    }

    @Test(
        "Any other advertised host ends the start",
        arguments: [
            ("http://store.example", "without a scheme and a path"), ("store.example/", "without a scheme and a path"),
            ("store.$(NAMESPACE).svc", "a variable in it that nobody replaced"),
            ("::1", "brackets around an IPv6 address: [::1]"), ("fd00::1:9090", "brackets around"),
            ("store:0", "port from 1 to 65535"), ("store:65536", "port from 1 to 65535"),
            ("store:", "port from 1 to 65535"), ("store:http", "port from 1 to 65535"),
            (":9090", "must be a host"), ("a b", "must be a host"), ("a..b", "must be a host"),
            (".", "must be a host"), ("-a", "must be a host"), ("user@store", "must be a host"),
            ("store?x", "must be a host"), ("[store]", "must be a host"), ("[10.1.2.3]:80", "must be a host"),
            ("[::1", "must be a host"), ("300.1.1.1", "must be a host"), ("störe", "must be a host"),
        ])
    func notAnAdvertisedHost(host: String, reason: String) throws {
        let message = refusal("--storage-adv-addr=\(host)")
        #expect(message?.hasPrefix("invalid value '\(host)' for --storage-adv-addr: ") == true, "\(message ?? "-")")
        #expect(message?.contains(reason) == true, "\(message ?? "-")")
    }

    @Test(
        "A flag that would count for nothing without another one, or with it, ends the start",
        arguments: [
            (["--standalone-addr=127.0.0.1:1"], "--standalone-addr: has no effect without --standalone"),
            (["--standalone-data=/tmp/x"], "--standalone-data: has no effect without --standalone"),
            (
                ["--standalone=false", "--standalone-kubeconfig=/tmp/x"],
                "--standalone-kubeconfig: has no effect without"
            ),
            (
                ["--sigstore-trusted-root=/r", "--sigstore-tuf-mirror=https://m"],
                "--sigstore-tuf-mirror: has no effect"
            ),
            (["--sigstore-trusted-root=/r", "--sigstore-tuf-root=/t"], "--sigstore-tuf-root: has no effect with"),
            (["--sigstore-trusted-root=/r", "--sigstore-tuf-ca-file=/t"], "--sigstore-tuf-ca-file: has no effect"),
            (["--sigstore-trusted-root=/r", "--sigstore-tuf-proxy=http://p"], "--sigstore-tuf-proxy: has no effect"),
        ])
    func flagsWithoutTheirCompany(arguments: [String], reason: String) throws {
        let flags = ControllerFlags()
        let error = #expect(throws: CommandLineError.self) {
            let values = try flags.set.parse(arguments)
            _ = try ControllerConfiguration(flags: flags, values: values, environment: [:])
        }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "-")")
    }

    @Test(
        "Limits that would let nothing through, and times that run backwards, end the start",
        arguments: [
            "layer-size-limit=0", "unpacked-size-limit=0", "artifact-retention-ttl=-1s", "token-cache-max-duration=-1s",
            "storage-path=", "events-addr=http://", "events-addr=nonsense", "sigstore-tuf-mirror=ftp://mirror",
            "sigstore-tuf-proxy=nonsense",
        ])
    func nonsense(argument: String) throws {
        let name = argument.split(separator: "=").first.map(String.init) ?? ""
        #expect(refusal("--\(argument)")?.contains("for --\(name): ") == true, "\(refusal("--\(argument)") ?? "-")")
    }
}
