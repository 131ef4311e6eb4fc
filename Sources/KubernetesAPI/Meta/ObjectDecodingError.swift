/// Why a JSON object is not the Kubernetes object that was expected, and which field is at fault.
package struct ObjectDecodingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The field from the object's root, such as `spec.verify.matchOIDCIdentity[1].issuer`; empty for the object itself.
    package private(set) var path: String
    /// What is wrong with it.
    package let message: String

    /// A fault of the field called `path`.
    package init(path: String = "", message: String) {
        self.path = path
        self.message = message
    }

    package var description: String { path.isEmpty ? message : "\(path): \(message)" }

    /// The same fault as seen from the object that holds the field `name`.
    func inside(_ name: String) -> ObjectDecodingError {
        var outer = self
        outer.path = path.isEmpty ? name : path.hasPrefix("[") ? name + path : name + "." + path
        return outer
    }

    func inside(index: Int) -> ObjectDecodingError { inside("[\(index)]") }
}
