package import Core
package import HTTPTransport

/// How to reach an API server, and as whom.
package struct ClientConfiguration: Sendable {
    /// Who we are to the server.
    package enum Authentication: Sendable {
        /// Nobody, or whoever the TLS identity says.
        case none
        case token(Redacted<String>)
        /// A token in a file that somebody else replaces from time to time: it is read again every minute.
        case tokenFile(String)
        case basic(username: String, password: Redacted<String>)
        /// A program that prints credentials.
        case exec(ExecPlugin)
    }

    /// `http://` or `https://`, host, port and perhaps a path; no slash at the end.
    package var server: String
    /// The namespace that was chosen with the server; nil if none was.
    package var namespace: String?
    package var tls: TLSPolicy
    package var proxy: ProxyPolicy
    package var authentication: Authentication
    /// `Impersonate-*` headers.
    package var impersonation: [(name: String, value: String)] = []
    package var userAgent = "source-controller"
    /// Requests for each second, leases not counted; zero or less = no limit.
    package var requestsPerSecond: Double = 50
    /// Requests that may go at once before that rate applies.
    package var burst = 300
    /// For a whole exchange, unless the request says otherwise; watches do.
    package var requestTimeout: Duration = .seconds(30)
    /// Bytes of an answer.
    package var responseLimit = 64 << 20
    /// Bytes of one watch event.
    package var eventLimit = 8 << 20

    /// A configuration for `server`, without credentials.
    package init(
        server: String, namespace: String? = nil, tls: TLSPolicy = TLSPolicy(), proxy: ProxyPolicy = .direct,
        authentication: Authentication = .none
    ) {
        self.server = server
        self.namespace = namespace
        self.tls = tls
        self.proxy = proxy
        self.authentication = authentication
    }

    /// The configuration of a process that may run in a cluster or on somebody's desk: the kubeconfig that was named, else
    /// those of `KUBECONFIG`, else the cluster's own, else `~/.kube/config`.
    /// - Parameters:
    ///   - kubeconfig: a path that a flag named; it must exist.
    ///   - context: nil means the kubeconfig's current one.
    /// - Throws: `ConfigurationError` naming file and field.
    package static func load(
        kubeconfig: String? = nil, context: String? = nil, environment: [String: String],
        serviceAccountFolder: String = InClusterConfiguration.folder
    ) throws(ConfigurationError) -> ClientConfiguration {
        if let kubeconfig, !kubeconfig.isEmpty {
            return try Kubeconfig(paths: [kubeconfig], allowsMissing: false)
                .configuration(context: context, environment: environment)
        }
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            let paths = list.split(separator: ":").map(String.init)
            return try Kubeconfig(paths: paths, allowsMissing: true)
                .configuration(context: context, environment: environment)
        }
        if InClusterConfiguration.isAvailable(environment) {
            return try InClusterConfiguration.load(environment: environment, folder: serviceAccountFolder)
        }
        let home = environment["HOME"] ?? "/"
        return try Kubeconfig(paths: ["\(home)/.kube/config"], allowsMissing: false)
            .configuration(context: context, environment: environment)
    }
}

/// A program that prints credentials (client-go credential plugins, `client.authentication.k8s.io`).
package struct ExecPlugin: Sendable {
    /// `client.authentication.k8s.io/v1` or `/v1beta1`.
    package var apiVersion: String
    /// A path, or a name to look for in `PATH`.
    package var command: String
    package var arguments: [String]
    /// Added to our own environment.
    package var environment: [String: String]
    /// Shown when the program is missing.
    package var installHint: String
    /// The cluster as the plugin wants to be told; nil if it does not.
    package var cluster: JSONValue?

    /// A plugin from its parts.
    package init(
        apiVersion: String, command: String, arguments: [String] = [], environment: [String: String] = [:],
        installHint: String = "", cluster: JSONValue? = nil
    ) {
        self.apiVersion = apiVersion
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.installHint = installHint
        self.cluster = cluster
    }
}
