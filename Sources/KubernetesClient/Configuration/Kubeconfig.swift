internal import Core
internal import KubernetesAPI
internal import YAMLCoding

/// One or several kubeconfig files, merged as kubectl does: the first file that names a cluster, user, context or current
/// context wins. Paths in a file are relative to that file's folder.
package struct Kubeconfig: Sendable {
    /// A named entry and the file that it is from.
    struct Entry: Sendable {
        let value: JSONValue
        let file: String
    }

    let clusters: [String: Entry]
    let users: [String: Entry]
    let contexts: [String: Entry]
    /// The name of the current context; nil if no file has one.
    package let currentContext: String?
    /// The files that were read.
    let files: [String]

    /// Reads the files at `paths`.
    /// - Parameter allowsMissing: files that do not exist are left out, as kubectl does with those of `KUBECONFIG`.
    /// - Throws: `ConfigurationError` naming file, line and field.
    package init(paths: [String], allowsMissing: Bool) throws(ConfigurationError) {
        var clusters: [String: Entry] = [:]
        var users: [String: Entry] = [:]
        var contexts: [String: Entry] = [:]
        var currentContext: String?
        var files: [String] = []
        for path in paths where !path.isEmpty {
            if allowsMissing, !ConfigurationFile.exists(path) { continue }
            let root = try Self.parse(try ConfigurationFile.read(path), path)
            files.append(path)
            try Self.collect("clusters", "cluster", of: root, path, into: &clusters)
            try Self.collect("users", "user", of: root, path, into: &users)
            try Self.collect("contexts", "context", of: root, path, into: &contexts)
            if currentContext == nil, let name = root["current-context"]?.stringValue, !name.isEmpty {
                currentContext = name
            }
        }
        guard !files.isEmpty else {
            throw ConfigurationError("none of the kubeconfig files exists: \(paths.joined(separator: ", "))")
        }
        self.clusters = clusters
        self.users = users
        self.contexts = contexts
        self.currentContext = currentContext
        self.files = files
    }

    private static func parse(_ bytes: [UInt8], _ path: String) throws(ConfigurationError) -> JSONValue {
        let root: JSONValue
        do throws(YAMLError) {
            root = try YAML.parseSingle(bytes)
        } catch {
            throw ConfigurationError(file: path, "\(error)")
        }
        guard case .object = root else { throw ConfigurationError(file: path, "is not a kubeconfig") }
        if let kind = root["kind"]?.stringValue, kind != "Config" {
            throw ConfigurationError(file: path, field: "kind", "must be 'Config'")
        }
        return root
    }

    private static func collect(
        _ list: String, _ member: String, of root: JSONValue, _ path: String, into entries: inout [String: Entry]
    ) throws(ConfigurationError) {
        do throws(ObjectDecodingError) {
            for item in try FieldReader(root).objects(
                list,
                { item throws(ObjectDecodingError) in
                    (name: try item.string("name"), value: try item.value(member) ?? .object([:]))
                }) where entries[item.name] == nil
            {
                entries[item.name] = Entry(value: item.value, file: path)
            }
        } catch {
            throw ConfigurationError(file: path, field: error.path, error.message)
        }
    }

    /// The names of all contexts, sorted.
    package var contextNames: [String] { contexts.keys.sorted() }

    /// The configuration that a context describes.
    /// - Parameters:
    ///   - context: nil means the current one.
    ///   - environment: for proxies and plugins.
    /// - Throws: `ConfigurationError` naming file and field.
    package func configuration(
        context name: String? = nil, environment: [String: String]
    ) throws(ConfigurationError) -> ClientConfiguration {
        let origin = files.joined(separator: ", ")
        guard let name = name ?? currentContext else {
            throw ConfigurationError(
                file: origin, field: "current-context", "is not set; choose one with `kubectl config use-context`")
        }
        guard let context = contexts[name] else {
            throw ConfigurationError(file: origin, field: "contexts[\(name)]", "there is no context of this name")
        }
        let scope = KubeconfigScope(entry: context, field: "contexts[\(name)].context")
        let clusterName = try scope.string("cluster")
        guard let cluster = clusters[clusterName] else {
            throw ConfigurationError(
                file: context.file, field: "contexts[\(name)].context.cluster", "there is no cluster '\(clusterName)'")
        }
        var configuration = try KubeconfigScope(entry: cluster, field: "clusters[\(clusterName)].cluster")
            .cluster(environment: environment)
        configuration.namespace = try scope.optionalString("namespace")
        if let userName = try scope.optionalString("user") {
            guard let user = users[userName] else {
                throw ConfigurationError(
                    file: context.file, field: "contexts[\(name)].context.user", "there is no user '\(userName)'")
            }
            try KubeconfigScope(entry: user, field: "users[\(userName)].user")
                .addUser(to: &configuration, cluster: cluster.value)
        }
        return configuration
    }
}

extension FieldReader {
    fileprivate func value(_ name: String) throws(ObjectDecodingError) -> JSONValue? {
        try optionalObject(name) { $0.json }
    }
}
