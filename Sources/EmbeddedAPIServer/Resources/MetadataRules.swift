internal import Core

/// What names, labels and annotations may look like (k8s.io/apimachinery `validation`).
enum MetadataRules {
    static let subdomainText =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    static let labelText =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        + "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    private static let qualifiedText =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    private static let labelValueText =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
        + "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

    /// What is wrong with the name of an object; nil: nothing.
    static func nameProblem(_ name: String, _ rule: APIResource.NameRule) -> String? {
        switch rule {
        case .subdomain:
            if name.utf8.count > 253 { return "must be no more than 253 bytes" }
            return isSubdomain(name) ? nil : subdomainText
        case .label:
            if name.utf8.count > 63 { return "must be no more than 63 bytes" }
            return isLabel(name.utf8) ? nil : labelText
        }
    }

    /// What is wrong with a label's or annotation's key; nil: nothing.
    static func labelKeyProblem(_ key: String) -> String? {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        let name: Substring
        switch parts.count {
        case 1: name = parts[0]
        case 2:
            if parts[0].isEmpty { return "prefix part must be non-empty" }
            if parts[0].utf8.count > 253 { return "prefix part must be no more than 253 bytes" }
            if !isSubdomain(String(parts[0])) { return "prefix part \(subdomainText)" }
            name = parts[1]
        default:
            return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
                + "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
                + "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and "
                + "'/' (e.g. 'example.com/MyName')"
        }
        if name.isEmpty { return "name part must be non-empty" }
        if name.utf8.count > 63 { return "name part must be no more than 63 bytes" }
        return isQualified(name.utf8) ? nil : qualifiedText
    }

    /// What is wrong with a label's value; nil: nothing.
    static func labelValueProblem(_ value: String) -> String? {
        if value.utf8.count > 63 { return "must be no more than 63 bytes" }
        return value.isEmpty || isQualified(value.utf8) ? nil : labelValueText
    }

    /// Everything that is wrong with `metadata`.
    static func validate(_ metadata: JSONValue, resource: APIResource) -> [FieldError] {
        var errors: [FieldError] = []
        let name = metadata["name"]?.stringValue ?? ""
        if name.isEmpty {
            errors.append(.required("metadata.name", "name or generateName is required"))
        } else if let problem = nameProblem(name, resource.nameRule) {
            errors.append(.invalid("metadata.name", .string(name), problem))
        }
        for (key, value) in (metadata["labels"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            if let problem = labelKeyProblem(key) {
                errors.append(.invalid("metadata.labels", .string(key), problem))
            }
            if let text = value.stringValue, let problem = labelValueProblem(text) {
                errors.append(.invalid("metadata.labels", .string(text), problem))
            }
        }
        var size = 0
        for (key, value) in (metadata["annotations"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            if let problem = labelKeyProblem(key.lowercased()) {
                errors.append(.invalid("metadata.annotations", .string(key), problem))
            }
            size += key.utf8.count + (value.stringValue?.utf8.count ?? 0)
        }
        if size > 256 << 10 { errors.append(.tooLong("metadata.annotations", limit: 256 << 10)) }
        for finalizer in metadata["finalizers"]?.arrayValue ?? [] {
            guard let text = finalizer.stringValue else { continue }
            if let problem = labelKeyProblem(text) {
                errors.append(.invalid("metadata.finalizers", finalizer, problem))
            }
        }
        return errors
    }

    private static func isSubdomain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
                isLabel($0)
            }
    }

    private static func isLabel(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last)
        else { return false }
        return bytes.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isQualified(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last)
        else { return false }
        return bytes.allSatisfy {
            isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
