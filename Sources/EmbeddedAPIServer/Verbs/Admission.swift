internal import Core

/// What every object goes through on its way in: unknown fields, types, defaults, checks.
struct Admission {
    let request: APIRequest

    private var resource: APIResource { request.resource }

    /// Prunes, checks types and fills in defaults. The answer are warnings for the client.
    /// - Parameter patch: the text of the patch the object comes from; nil: the request's body is the object.
    func decode(_ value: inout JSONValue, patch: [UInt8]? = nil) throws(APIStatus) -> [String] {
        let texts = resource.schema.prune(&value).map { "unknown field \"\($0)\"" }
        if !texts.isEmpty, try request.fieldValidation == .strict { throw strictError(texts, patch: patch) }
        try checkTypes(value)
        KindRules.decode(&value, resource: resource)
        resource.schema.applyDefaults(to: &value)
        return try request.fieldValidation == .ignore ? [] : texts
    }

    private func strictError(_ texts: [String], patch: [UInt8]?) -> APIStatus {
        let text = "strict decoding error: " + texts.joined(separator: ", ")
        guard let patch else {
            return .badRequest(
                "\(resource.kind) in version \"\(resource.version)\" cannot be handled as a \(resource.kind): \(text)")
        }
        return .invalid(
            kind: "", group: "", name: "",
            errors: [.invalid("patch", .string(String(decoding: patch, as: UTF8.self)), text)])
    }

    /// A typed server cannot even read a built-in kind (or metadata) of the wrong types.
    private func checkTypes(_ value: JSONValue) throws(APIStatus) {
        var errors: [FieldError] = []
        if resource.isCustom {
            BuiltInSchemas.objectMeta.validate(
                value["metadata"] ?? [:], field: "metadata", name: "metadata", errors: &errors)
        } else {
            resource.schema.validate(value, field: "", name: "", errors: &errors)
            // Members that a typed server has no way of missing are checked as values, not here.
            errors.removeAll { $0.kind == .required }
        }
        if let first = errors.first(where: { $0.kind == .typeInvalid }) {
            throw .badRequest(
                "\(resource.kind) in version \"\(resource.version)\" cannot be handled as a \(resource.kind): json: "
                    + "cannot unmarshal field \(resource.kind).\(first.field): \(first.detail)")
        }
    }

    /// Everything that is wrong with an object that is about to be stored.
    /// - Throws: 422 with all of it.
    func validate(_ value: JSONValue, old: JSONValue?) throws(APIStatus) {
        var errors: [FieldError] = []
        if request.subresource == "status" {
            validateMember("status", of: value, isRelative: true, errors: &errors)
        } else {
            errors += MetadataRules.validate(value["metadata"] ?? [:], resource: resource)
            if let old { errors += Self.immutableMetadata(value, old: old) }
            if resource.isCustom {
                for name in resource.schema.required where value[name] == nil { errors.append(.required(name)) }
                for name in (value.objectValue ?? [:]).keys.sorted()
                where !["apiVersion", "kind", "metadata"].contains(name) {
                    validateMember(name, of: value, isRelative: false, errors: &errors)
                }
            }
            errors += KindRules.validate(value, old: old, resource: resource)
        }
        guard errors.isEmpty else {
            throw .invalid(
                kind: resource.kind, group: resource.group,
                name: value.member(at: "metadata", "name")?.stringValue ?? "", errors: errors)
        }
    }

    private func validateMember(
        _ name: String, of value: JSONValue, isRelative: Bool, errors: inout [FieldError]
    ) {
        guard let member = value[name], let schema = resource.schema.member(name) else { return }
        schema.validate(member, field: name, name: isRelative ? "" : name, errors: &errors)
    }

    private static func immutableMetadata(_ value: JSONValue, old: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        for name in [
            "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
        ] {
            let (before, after) = (old["metadata"]?[name], value["metadata"]?[name])
            if let after, after != before, !after.isNull {
                errors.append(.invalid("metadata.\(name)", after, "field is immutable"))
            }
        }
        if old["metadata"]?["deletionTimestamp"] != nil {
            let before = old["metadata"]?["finalizers"]?.arrayValue ?? []
            let added = (value["metadata"]?["finalizers"]?.arrayValue ?? []).filter { !before.contains($0) }
            if !added.isEmpty {
                let list = added.map { $0.text() }.joined(separator: ", ")
                errors.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers "
                            + "[]string{\(list)}"))
            }
        }
        return errors
    }
}
