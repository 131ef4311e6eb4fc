internal import Core
internal import KubernetesAPI
internal import KubernetesClient

/// Reads the Secrets that one reconcile of an object needs, and remembers which version of each it worked with.
final class SecretReader: Sendable {
    private let server: any KubernetesAPIServer
    private let namespace: String
    private let seen = Locked<[NamespacedName: String]>([:])
    private let failed = Locked(false)

    /// A reader for an object in `namespace`: objects only ever reach Secrets of their own namespace.
    init(server: any KubernetesAPIServer, namespace: String) {
        self.server = server
        self.namespace = namespace
    }

    /// The Secrets asked for so far with their `resourceVersion`, empty where there was none.
    var versions: [NamespacedName: String] { seen.current }

    /// Whether the API did not say what some Secret holds: nothing follows from its absence then.
    var isUncertain: Bool { failed.current }

    /// The Secret called `name`, which `field` of the object's spec names.
    func secret(_ name: String, field: String) async throws(SecretProblem) -> Secret {
        let key = NamespacedName(namespace: namespace, name: name)
        do throws(KubernetesError) {
            let secret = try await server.get(Secret.self, key)
            seen.withLock { $0[key] = secret.metadata.resourceVersion }
            return secret
        } catch {
            if error.isNotFound { seen.withLock { $0[key] = "" } } else { failed.withLock { $0 = true } }
            let problem =
                error.isNotFound ? "does not exist; create it or correct the name" : "cannot be read: \(error)"
            throw SecretProblem("Secret '\(key)' of \(field) \(problem)")
        }
    }
}

/// What is wrong with a Secret that an object names: which one, which field names it, which key, and the next step.
struct SecretProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// A problem with a Secret that is there.
    init(_ secret: Secret, _ field: String, _ problem: String) {
        self.init("Secret '\(secret.key)' of \(field): \(problem)")
    }
}
