internal import Core

/// What the built-in kinds do beyond their schema: defaults, conversions and checks of their own.
enum KindRules {
    /// What decoding does: defaults and write-only members. These changes belong to whoever sent the object.
    static func decode(_ value: inout JSONValue, resource: APIResource) {
        guard !resource.isCustom else {
            if case .object(var members) = value, var metadata = members["metadata"] {
                BuiltInSchemas.objectMeta.normalize(&metadata)
                members["metadata"] = metadata
                value = .object(members)
            }
            return
        }
        resource.schema.normalize(&value)
        switch resource.kind {
        case "Secret": decodeSecret(&value)
        case "Namespace":
            if let name = value.member(at: "metadata", "name") {
                var labels = value.member(at: "metadata", "labels") ?? [:]
                labels["kubernetes.io/metadata.name"] = name
                value["metadata", default: [:]]["labels"] = labels
            }
        case "Event":
            let empty = resource.group.isEmpty ? EventConversion.emptyEvent : EventConversion.emptyEventsEvent
            for (name, member) in empty.objectValue ?? [:] where value[name] == nil { value[name] = member }
        default: break
        }
    }

    private static func decodeSecret(_ value: inout JSONValue) {
        if let added = value["stringData"]?.objectValue {
            var data = value["data"] ?? [:]
            for (key, text) in added {
                data[key] = .string(Base64.encode([UInt8]((text.stringValue ?? "").utf8)))
            }
            value["data"] = data
            value["stringData"] = nil
        }
        if value["type"] == nil { value["type"] = "Opaque" }
    }

    /// What a creation adds; nobody owns it.
    static func prepareForCreate(_ value: inout JSONValue, resource: APIResource) {
        switch resource.kind {
        case "Namespace" where !resource.isCustom:
            value["spec"] = ["finalizers": ["kubernetes"]]
            value["status"] = ["phase": "Active"]
        default: break
        }
    }

    /// What an update may not change silently.
    static func prepareForUpdate(_ value: inout JSONValue, old: JSONValue, resource: APIResource) {
        switch resource.kind {
        case "Namespace" where !resource.isCustom:
            value["spec"] = old["spec"]
            value["status"] = old["status"]
        default: break
        }
    }

    /// What is wrong with an object of a built-in kind, beyond its metadata. `old` is nil for a creation.
    static func validate(_ value: JSONValue, old: JSONValue?, resource: APIResource) -> [FieldError] {
        guard !resource.isCustom else { return [] }
        switch resource.kind {
        case "Secret": return validateSecret(value, old: old)
        case "ConfigMap": return validateConfigMap(value, old: old)
        case "Event": return validateEvent(value, resource: resource)
        case "Lease": return validateLease(value)
        default: return []
        }
    }

    private static let dataLimit = 1 << 20

    private static func validateSecret(_ value: JSONValue, old: JSONValue?) -> [FieldError] {
        var errors: [FieldError] = []
        let data = value["data"]?.objectValue ?? [:]
        var size = 0
        for (key, member) in data.sorted(by: { $0.key < $1.key }) {
            if let problem = dataKeyProblem(key) { errors.append(.invalid("data[\(key)]", .string(key), problem)) }
            size += (member.stringValue?.utf8.count ?? 0) * 3 / 4
        }
        if size > dataLimit { errors.append(.tooLong("data", limit: dataLimit)) }
        let required: [String]
        switch value["type"]?.stringValue {
        case "kubernetes.io/dockerconfigjson": required = [".dockerconfigjson"]
        case "kubernetes.io/dockercfg": required = [".dockercfg"]
        case "kubernetes.io/tls": required = ["tls.crt", "tls.key"]
        case "kubernetes.io/ssh-auth": required = ["ssh-privatekey"]
        default: required = []
        }
        for key in required {
            guard let text = data[key]?.stringValue else {
                errors.append(.required("data[\(key)]"))
                continue
            }
            if key.hasPrefix(".docker"), (try? JSONValue(parsing: Base64.decode(text) ?? [])) == nil {
                errors.append(
                    .invalid("data[\(key)]", "<secret contents redacted>", "invalid character in JSON content"))
            }
        }
        if let old, old["type"] != value["type"] {
            errors.append(.invalid("type", value["type"] ?? .null, "field is immutable"))
        }
        return errors + validateImmutable(value, old: old, members: ["data"])
    }

    private static func validateConfigMap(_ value: JSONValue, old: JSONValue?) -> [FieldError] {
        var errors: [FieldError] = []
        var size = 0
        for member in ["data", "binaryData"] {
            for (key, text) in (value[member]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
                if let problem = dataKeyProblem(key) {
                    errors.append(.invalid("\(member)[\(key)]", .string(key), problem))
                }
                size += text.stringValue?.utf8.count ?? 0
            }
        }
        if size > dataLimit { errors.append(.tooLong("", limit: dataLimit)) }
        return errors + validateImmutable(value, old: old, members: ["data", "binaryData"])
    }

    private static func validateImmutable(_ value: JSONValue, old: JSONValue?, members: [String]) -> [FieldError] {
        guard let old, old["immutable"] == true else { return [] }
        var errors: [FieldError] = []
        if value["immutable"] != true {
            errors.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
        }
        for member in members where value[member] != old[member] {
            errors.append(.forbidden(member, "field is immutable when `immutable` is set"))
        }
        return errors
    }

    private static func validateEvent(_ value: JSONValue, resource: APIResource) -> [FieldError] {
        let field = resource.group.isEmpty ? "involvedObject" : "regarding"
        let namespace = value[field]?["namespace"]?.stringValue ?? ""
        let own = value.member(at: "metadata", "namespace")?.stringValue ?? ""
        if namespace.isEmpty ? own == "default" || own == "kube-system" : namespace == own { return [] }
        return [.invalid("\(field).namespace", .string(namespace), "does not match event.namespace")]
    }

    private static func validateLease(_ value: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        if let duration = value.member(at: "spec", "leaseDurationSeconds")?.integerValue, duration <= 0 {
            errors.append(.invalid("spec.leaseDurationSeconds", .integer(duration), "must be greater than 0"))
        }
        if let count = value.member(at: "spec", "leaseTransitions")?.integerValue, count < 0 {
            errors.append(
                .invalid("spec.leaseTransitions", .integer(count), "must be greater than or equal to 0"))
        }
        return errors
    }

    private static func dataKeyProblem(_ key: String) -> String? {
        let allowed = key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        if key.utf8.count > 253 { return "must be no more than 253 bytes" }
        if allowed, !key.isEmpty, key != ".", key != "..", !key.hasPrefix("..") { return nil }
        if allowed, key.hasPrefix(".") { return "must not start with '..'" }
        return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
            + "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
    }
}
