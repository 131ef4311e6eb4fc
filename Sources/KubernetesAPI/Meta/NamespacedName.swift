/// Which object of a kind: its namespace and name. The key that informers, queues and reconcilers know objects by.
package struct NamespacedName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Empty for objects outside of namespaces.
    package let namespace: String
    package let name: String

    /// The object called `name` in `namespace`.
    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// `namespace/name`, or the name alone outside of namespaces.
    package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    package static func < (one: NamespacedName, other: NamespacedName) -> Bool {
        (one.namespace, one.name) < (other.namespace, other.name)
    }
}
