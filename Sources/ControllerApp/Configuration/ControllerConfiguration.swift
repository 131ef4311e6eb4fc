package import CommandLineParsing
package import Core
internal import Cryptography
internal import EmbeddedAPIServer
package import HTTPServing
package import KubernetesAPI

/// What flags and environment ask of the controller, checked: nothing after this meets a wrong value.
package struct ControllerConfiguration: Sendable {
    /// A clusterless run; see `--standalone`.
    package struct Standalone: Sendable {
        package var address: ListenAddress
        package var dataFolder: String
        package var kubeconfigFile: String
    }

    /// How replicas elect their leader.
    package struct LeaderElection: Sendable {
        package var leaseName: String
        package var leaseDuration: Duration
        package var renewDeadline: Duration
        package var retryPeriod: Duration
        package var releasesOnCancel: Bool
    }

    package let flags: ControllerFlags
    package let values: ParsedFlags
    package let featureGates: FeatureGates
    package let runtimeNamespace: String
    package let storageAddress: ListenAddress
    package let metricsAddress: ListenAddress?
    package let healthAddress: ListenAddress?
    package let digestAlgorithm: Digest.Algorithm
    package let labelSelector: LabelSelector
    /// The only namespace to watch; nil for all.
    package let watchedNamespace: String?
    package let leaderElection: LeaderElection?
    package let standalone: Standalone?

    /// Reads and checks everything.
    /// - Throws: `CommandLineError` that names flag or variable, value and what is wrong with it.
    package init(
        flags: ControllerFlags, values: ParsedFlags, environment: [String: String]
    ) throws(CommandLineError) {
        self.flags = flags
        self.values = values
        if let extra = values.arguments.first {
            throw CommandLineError(.arguments, "unexpected argument '\(extra)'; source-controller takes flags only")
        }
        do throws(FeatureGateError) {
            featureGates = try FeatureGates(parsing: values[flags.featureGates])
        } catch {
            throw Self.invalid(flags.featureGates, values, error.description)
        }
        runtimeNamespace = environment["RUNTIME_NAMESPACE"].flatMap { $0.isEmpty ? nil : $0 } ?? "source-system"
        guard let storage = try Self.servingAddress(flags.storageAddress, flags, values) else {
            throw Self.invalid(
                flags.storageAddress, values, "must be an address such as :9090; artifacts have to be served")
        }
        storageAddress = storage
        metricsAddress = try Self.servingAddress(flags.metricsAddress, flags, values)
        healthAddress = try Self.servingAddress(flags.healthAddress, flags, values)
        digestAlgorithm = try Self.digestAlgorithm(flags, values)
        do throws(LabelSelector.ParsingError) {
            labelSelector = try LabelSelector(parsing: values[flags.watchLabelSelector])
        } catch {
            throw Self.invalid(flags.watchLabelSelector, values, "\(error)")
        }
        if values[flags.watchAllNamespaces] {
            watchedNamespace = nil
        } else {
            guard let namespace = environment["RUNTIME_NAMESPACE"], !namespace.isEmpty else {
                throw Self.invalid(
                    flags.watchAllNamespaces, values,
                    "needs the environment variable RUNTIME_NAMESPACE, which names the namespace to watch")
            }
            watchedNamespace = namespace
        }
        try Self.checkServers(flags, values)
        try Self.checkAdvertisedHost(flags, values)
        try Self.checkPaths(flags, values)
        try Self.checkCompany(flags, values)
        if values[flags.minimumRetryDelay] > values[flags.maximumRetryDelay] {
            throw Self.invalid(
                flags.minimumRetryDelay, values,
                "must not be longer than --max-retry-delay (\(GoDuration(values[flags.maximumRetryDelay])))")
        }
        try Self.checkDownloadRates(flags, values)
        leaderElection = try Self.leaderElection(flags, values)
        standalone = try Self.standalone(flags, values)
    }

    /// The host that artifact URLs name: as given, else the host that `--storage-addr` names, else this machine's name.
    package func advertisedHost(hostName: String) -> String {
        let given = values[flags.storageAdvertisedAddress]
        if !given.isEmpty { return given }
        let host = storageAddress.isWildcard ? hostName : storageAddress.host ?? hostName
        let bracketed = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(bracketed):\(storageAddress.port)"
    }

    // MARK: - Checks

    private static func invalid<Value>(
        _ flag: Flag<Value>, _ values: ParsedFlags, _ reason: String
    ) -> CommandLineError {
        let value = (values[flag] as? Duration).map { GoDuration($0).description } ?? "\(values[flag])"
        return CommandLineError(.invalidValue, "invalid value '\(value)' for --\(flag.definition.name): \(reason)")
    }

    /// Without a cluster, what nobody asked for otherwise is served to this machine alone.
    private static func servingAddress(
        _ flag: Flag<String>, _ flags: ControllerFlags, _ values: ParsedFlags
    ) throws(CommandLineError) -> ListenAddress? {
        guard values[flags.standalone], values[flag] == flag.defaultValue, !values.isGiven(flag),
            let address = try? ListenAddress(parsing: "127.0.0.1\(flag.defaultValue)")
        else { return try address(flag, values) }
        return address
    }

    private static func address(
        _ flag: Flag<String>, _ values: ParsedFlags
    ) throws(CommandLineError) -> ListenAddress? {
        let text = values[flag]
        guard !text.isEmpty, text != "0" else { return nil }
        do throws(HTTPServingError) {
            return try ListenAddress(parsing: text)
        } catch {
            throw invalid(flag, values, "must be <host>:<port>, [<IPv6>]:<port> or :<port> with a port from 0 to 65535")
        }
    }

    private static func digestAlgorithm(
        _ flags: ControllerFlags, _ values: ParsedFlags
    ) throws(CommandLineError) -> Digest.Algorithm {
        let name = values[flags.artifactDigestAlgorithm]
        if let algorithm = Digest.Algorithm(rawValue: name) { return algorithm }
        let reason =
            name == "blake3"
            ? "blake3 is not supported by this controller; use sha256, sha384 or sha512"
            : "must be sha256, sha384 or sha512"
        throw invalid(flags.artifactDigestAlgorithm, values, reason)
    }

    private static func checkAdvertisedHost(
        _ flags: ControllerFlags, _ values: ParsedFlags
    ) throws(CommandLineError) {
        guard !values[flags.storageAdvertisedAddress].isEmpty else { return }
        do throws(AdvertisedHostError) {
            _ = try AdvertisedHost(parsing: values[flags.storageAdvertisedAddress])
        } catch {
            throw invalid(flags.storageAdvertisedAddress, values, error.reason)
        }
    }

    private static func checkPaths(_ flags: ControllerFlags, _ values: ParsedFlags) throws(CommandLineError) {
        guard !values[flags.storagePath].isEmpty else {
            throw invalid(flags.storagePath, values, "must be a folder; artifacts have to be kept somewhere")
        }
    }

    /// Flags that count only together with another one, or without it: whoever gives them alone expects what will not happen.
    private static func checkCompany(_ flags: ControllerFlags, _ values: ParsedFlags) throws(CommandLineError) {
        if !values[flags.standalone] {
            for flag in [flags.standaloneAddress, flags.standaloneData, flags.standaloneKubeconfig]
            where values.isGiven(flag) {
                throw invalid(flag, values, "has no effect without --standalone; add that, or leave this out")
            }
        }
        if !values[flags.sigstoreTrustedRoot].isEmpty {
            let name = flags.sigstoreTrustedRoot.definition.name
            for flag in [
                flags.sigstoreTUFMirror, flags.sigstoreTUFRoot, flags.sigstoreTUFCAFile, flags.sigstoreTUFProxy,
            ]
            where values.isGiven(flag) && !values[flag].isEmpty {
                throw invalid(flag, values, "has no effect with --\(name), as TUF is then not asked; leave one out")
            }
        }
    }

    /// A download that is held back must not look like one that is too slow.
    private static func checkDownloadRates(
        _ flags: ControllerFlags, _ values: ParsedFlags
    ) throws(CommandLineError) {
        let minimum = values[flags.downloadRateMinimum], limit = values[flags.downloadRateLimit]
        guard limit == 0 || limit / 2 >= minimum else {
            throw invalid(
                flags.downloadRateLimit, values, "must be at least twice --download-rate-minimum (\(minimum)), or 0")
        }
    }

    private static func leaderElection(
        _ flags: ControllerFlags, _ values: ParsedFlags
    ) throws(CommandLineError) -> LeaderElection? {
        guard values[flags.enableLeaderElection] else { return nil }
        guard values[flags.leaderElectionRenewDeadline] < values[flags.leaderElectionLeaseDuration] else {
            throw invalid(
                flags.leaderElectionRenewDeadline, values,
                "must be shorter than --leader-election-lease-duration (\(GoDuration(values[flags.leaderElectionLeaseDuration])))"
            )
        }
        guard values[flags.leaderElectionRetryPeriod] < values[flags.leaderElectionRenewDeadline] else {
            throw invalid(
                flags.leaderElectionRetryPeriod, values,
                "must be shorter than --leader-election-renew-deadline (\(GoDuration(values[flags.leaderElectionRenewDeadline])))"
            )
        }
        // Controllers that share a namespace but not their objects must not share a lease.
        let selector = values[flags.watchLabelSelector]
        let suffix = selector.isEmpty ? "" : "-\(Digest.of([UInt8](selector.utf8)).hex.prefix(8))"
        return LeaderElection(
            leaseName: "source-controller-leader-election\(suffix)",
            leaseDuration: values[flags.leaderElectionLeaseDuration],
            renewDeadline: values[flags.leaderElectionRenewDeadline],
            retryPeriod: values[flags.leaderElectionRetryPeriod],
            releasesOnCancel: values[flags.leaderElectionReleaseOnCancel])
    }

    private static func standalone(
        _ flags: ControllerFlags, _ values: ParsedFlags
    ) throws(CommandLineError) -> Standalone? {
        guard values[flags.standalone] else { return nil }
        guard let address = try address(flags.standaloneAddress, values), let host = address.host,
            RequestGuard.isLoopback(host: host)
        else {
            throw invalid(
                flags.standaloneAddress, values,
                "must be a loopback address such as 127.0.0.1:8901; the embedded API asks for no credentials")
        }
        guard values[flags.kubeconfig].isEmpty else {
            throw invalid(flags.kubeconfig, values, "cannot be used with --standalone, which brings its own API")
        }
        let path = values[flags.storagePath]
        let data = values[flags.standaloneData].isEmpty ? "\(path)/.standalone" : values[flags.standaloneData]
        let kubeconfig = values[flags.standaloneKubeconfig]
        return Standalone(
            address: address, dataFolder: data, kubeconfigFile: kubeconfig.isEmpty ? "\(data)/kubeconfig" : kubeconfig)
    }
}
