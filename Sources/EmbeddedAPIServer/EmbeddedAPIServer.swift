package import Core
package import HTTPServing
internal import YAMLCoding

/// A Kubernetes API in the process: a machine without a cluster, demos and tests get one by handing this to an `HTTPServer`
/// that listens on loopback.
///
/// It offers namespaces, secrets, service accounts, config maps, events, leases and the custom resources of the given
/// definitions, and answers as a kube-apiserver does. It has no authentication (see `RequestGuard`), no pods, no RBAC, no
/// admission webhooks and no garbage collection of dependents.
///
/// `run()` keeps house: it brings the state to the disk once a second while it changes, rewrites the log when most of it is
/// outdated, and drops events after `Configuration.eventLifetime`. Requests are served without it, too.
package final class EmbeddedAPIServer: HTTPHandler, Service {
    /// How a server is set up.
    package struct Configuration: Sendable {
        /// The folder that the state is kept in (made with mode 0700 if need be, used by one process at a time);
        /// nil: nothing outlives the process.
        package var dataFolder: String?
        /// CustomResourceDefinitions as YAML or JSON, one text per file.
        package var customResourceDefinitions: [[UInt8]]
        /// Namespaces that are there from the start.
        package var namespaces: [String] = ["default", "kube-system", "kube-public"]
        /// Changes of each kind of object that a watch can start from, if they fit into 2 MiB; older versions get 410.
        package var historyLimit = 1024
        /// How long an event is kept; nil: for ever.
        package var eventLifetime: Duration? = .seconds(3600)

        /// A configuration with the given definitions and, if a folder is named, a state that outlives the process.
        package init(dataFolder: String? = nil, customResourceDefinitions: [[UInt8]]) {
            self.dataFolder = dataFolder
            self.customResourceDefinitions = customResourceDefinitions
        }
    }

    /// Request content above this many bytes gets 413; give it to the `HTTPServer`, too.
    package static let maximumBodyBytes = 3 << 20

    private let store: ObjectStore
    private let handler: APIHandler
    private let housekeeping: Housekeeping

    /// Loads the state and offers the API.
    /// - Throws: `EmbeddedAPIServerError` for a definition that cannot be served, a folder that is in use or a state that
    ///   is damaged.
    package init(
        configuration: Configuration, time: any TimeSource = SystemTime(), logger: Logger = .disabled
    ) throws {
        var custom: [APIResource] = []
        var definitions: [JSONValue] = []
        for text in configuration.customResourceDefinitions {
            let documents: [YAMLDocument]
            do {
                documents = try YAML.parse(text, fileName: "CustomResourceDefinition")
            } catch {
                throw EmbeddedAPIServerError(code: .invalidDefinition, message: "\(error)")
            }
            for document in documents where !document.value.isNull {
                custom += try APIResource.resources(of: document.value)
                definitions.append(document.value)
            }
        }
        let registry = ResourceRegistry(custom: custom)
        let log = try configuration.dataFolder.map { try StateLog(folder: try DataFolder(path: $0)) }
        store = try ObjectStore(log: log, identities: registry.identities, historyLimit: configuration.historyLimit)
        try Bootstrap(store: store, now: time.now).run(
            namespaces: configuration.namespaces, definitions: definitions)
        handler = APIHandler(registry: registry, store: store, time: time, logger: logger)
        housekeeping = Housekeeping(
            store: store, time: time, logger: logger, eventLifetime: configuration.eventLifetime)
    }

    package func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        await handler.respond(to: request)
    }

    package func run() async throws {
        try await housekeeping.run()
    }
}
