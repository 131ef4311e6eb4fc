internal import Core
internal import EmbeddedAPIServer
internal import FoundationEssentials
internal import HTTPServing
internal import KubernetesClient

/// The embedded Kubernetes API with the server that answers for it and the kubeconfig that leads to it.
struct StandaloneCluster: Service {
    private let api: EmbeddedAPIServer
    private let server: HTTPServer
    /// How the controller itself reaches the API.
    let client: ClientConfiguration

    /// Opens the state, binds the address and writes the kubeconfig.
    /// - Throws: what says which folder, address or file cannot be used, and why.
    /// - Parameter namespace: where the controller's own objects, such as its Lease, belong.
    init(
        _ configuration: ControllerConfiguration.Standalone, namespace: String, time: any TimeSource, logger: Logger
    ) throws {
        var embedded = EmbeddedAPIServer.Configuration(
            dataFolder: configuration.dataFolder,
            customResourceDefinitions: [PackageResources.ocirepositories_yaml])
        if !embedded.namespaces.contains(namespace) { embedded.namespaces.append(namespace) }
        api = try EmbeddedAPIServer(configuration: embedded, time: time, logger: logger)
        var serving = HTTPServer.Configuration(address: configuration.address.description, name: "standalone-api")
        serving.maxBodyBytes = EmbeddedAPIServer.maximumBodyBytes
        server = try HTTPServer(configuration: serving, handler: api, logger: logger)
        let host = configuration.address.host ?? "127.0.0.1"
        let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(server.port)"
        client = ClientConfiguration(server: url)
        try Self.writeKubeconfig(for: url, to: configuration.kubeconfigFile)
        logger.info(
            "Serving the embedded Kubernetes API",
            ["server": .string(url), "kubeconfig": .string(configuration.kubeconfigFile)])
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await api.run() }
            group.addTask { try await server.run() }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private static func writeKubeconfig(for url: String, to path: String) throws {
        let text = """
            apiVersion: v1
            kind: Config
            clusters:
              - name: standalone
                cluster:
                  server: \(url)
            contexts:
              - name: standalone
                context:
                  cluster: standalone
                  user: standalone
                  namespace: default
            users:
              - name: standalone
                user: {}
            current-context: standalone

            """
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw StandaloneError(
                description:
                    "cannot write the kubeconfig '\(path)' (--standalone-kubeconfig); does its folder exist, and may this user write to it?"
            )
        }
    }
}

/// Why the embedded API cannot be set up.
struct StandaloneError: Error, CustomStringConvertible {
    let description: String
}
