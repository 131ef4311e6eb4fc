internal import Core
internal import HTTPServing

/// A request for objects of one resource, understood.
struct APIRequest: Sendable {
    let resource: APIResource
    /// Empty for cluster scope and for all namespaces.
    let namespace: String
    /// Whether the path names a namespace.
    let hasNamespace: Bool
    let name: String?
    let subresource: String
    let query: QueryParameters
    let http: HTTPServerRequest

    /// The content of the request.
    var body: [UInt8] { http.body }

    /// The first value of a header field.
    func header(_ name: String) -> String? { http.headers[name] }

    /// The namespace to list; nil: all.
    var listNamespace: String? { resource.isNamespaced && !hasNamespace ? nil : namespace }

    /// The name that managed fields are kept under.
    var fieldManager: String {
        if let manager = query["fieldManager"] { return manager }
        let agent = header("User-Agent") ?? ""
        let prefix = agent.unicodeScalars.prefix { $0 != "/" }.filter { $0.value >= 0x20 && $0.value < 0x7f }.prefix(
            128)
        let text = String(String.UnicodeScalarView(prefix))
        return text.isEmpty ? "unknown" : text
    }

    var representation: Representation {
        get throws(APIStatus) { try .negotiate(accept: header("Accept"), resource: resource) }
    }

    var isDryRun: Bool {
        get throws(APIStatus) {
            let values = query.all("dryRun").filter { !$0.isEmpty }
            if values.isEmpty { return false }
            guard values.allSatisfy({ $0 == "All" }) else {
                throw .invalid(
                    kind: "CreateOptions", group: "meta.k8s.io", name: "",
                    errors: [.notSupported("dryRun", .array(values.map { .string($0) }), ["All"])])
            }
            return true
        }
    }

    var fieldValidation: FieldValidation {
        get throws(APIStatus) {
            guard let text = query["fieldValidation"] else { return .warn }
            guard let level = FieldValidation(rawValue: text) else {
                throw .invalid(
                    kind: "CreateOptions", group: "meta.k8s.io", name: "",
                    errors: [.notSupported("fieldValidation", .string(text), ["Ignore", "Strict", "Warn"])])
            }
            return level
        }
    }
}

/// What happens to fields that a schema does not know.
enum FieldValidation: String, Sendable {
    case strict = "Strict"
    case warn = "Warn"
    case ignore = "Ignore"
}
