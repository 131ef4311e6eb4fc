internal import Core
internal import HTTPTransport

/// What a pod is told about the API server of its cluster.
package enum InClusterConfiguration {
    /// Where the service account of a pod is mounted.
    package static let folder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Whether the process seems to run in a pod.
    package static func isAvailable(_ environment: [String: String]) -> Bool {
        environment["KUBERNETES_SERVICE_HOST"]?.isEmpty == false
            && environment["KUBERNETES_SERVICE_PORT"]?.isEmpty == false
    }

    /// The configuration of the pod. Its token is read again and again, because the kubelet replaces it.
    /// - Throws: `ConfigurationError` naming the variable or file.
    package static func load(
        environment: [String: String], folder: String = folder
    ) throws(ConfigurationError) -> ClientConfiguration {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"],
            !host.isEmpty, Int(port).map({ (1...65535).contains($0) }) == true
        else {
            throw ConfigurationError(
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not name a server: not in a cluster? Name a "
                    + "kubeconfig")
        }
        let tokenFile = folder + "/token"
        _ = try ConfigurationFile.read(tokenFile)
        let authority = try ConfigurationFile.read(folder + "/ca.crt")
        let tls = TLSPolicy(additionalRoots: authority, replacesSystemRoots: true)
        do throws(TLSPolicyError) {
            try tls.validate()
        } catch {
            throw ConfigurationError(file: folder + "/ca.crt", error.message)
        }
        let namespace = (try? ConfigurationFile.read(folder + "/namespace")).map { String(decoding: $0, as: UTF8.self) }
        return ClientConfiguration(
            server: "https://\(host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host):\(port)",
            namespace: namespace.flatMap { $0.isEmpty ? nil : $0 }, tls: tls,
            proxy: .environment(ProxyEnvironment(environment)), authentication: .tokenFile(tokenFile))
    }
}
