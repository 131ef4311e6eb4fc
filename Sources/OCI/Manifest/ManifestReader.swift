internal import Core

/// Reads the members of one JSON object of a manifest, with errors that name the place.
struct ManifestReader {
    /// Bounds for what a manifest (4 MiB at most) may list.
    static let maximumDescriptors = 10_000
    static let maximumAnnotations = 1_000

    let value: JSONValue
    let place: String

    init(_ value: JSONValue, place: String) throws(OCIError) {
        guard case .object = value else {
            throw OCIError(.invalidManifest, "\(place) is a JSON \(value.kind), not an object")
        }
        self.value = value
        self.place = place
    }

    func string(_ key: String, required: Bool = false) throws(OCIError) -> String? {
        switch value[key] {
        case .string(let text): return text
        case nil where !required, .null where !required: return nil
        case nil: throw OCIError(.invalidManifest, "\(place).\(key) is missing")
        case .some(let other): throw OCIError(.invalidManifest, "\(place).\(key) is a JSON \(other.kind), not a string")
        }
    }

    func descriptor(_ key: String) throws(OCIError) -> Descriptor? {
        guard let member = value[key], !member.isNull else { return nil }
        return try Descriptor(member, place: "\(place).\(key)")
    }

    func descriptors(_ key: String) throws(OCIError) -> [Descriptor] {
        guard let member = value[key], !member.isNull else { return [] }
        guard let elements = member.arrayValue else {
            throw OCIError(.invalidManifest, "\(place).\(key) is a JSON \(member.kind), not an array")
        }
        guard elements.count <= Self.maximumDescriptors else {
            throw OCIError(
                .invalidManifest,
                "\(place).\(key) has \(elements.count) entries, more than the limit of \(Self.maximumDescriptors)")
        }
        var descriptors: [Descriptor] = []
        for (index, element) in elements.enumerated() {
            descriptors.append(try Descriptor(element, place: "\(place).\(key)[\(index)]"))
        }
        return descriptors
    }

    func annotations() throws(OCIError) -> [String: String] {
        guard let member = value["annotations"], !member.isNull else { return [:] }
        guard let members = member.objectValue else {
            throw OCIError(.invalidManifest, "\(place).annotations is a JSON \(member.kind), not an object")
        }
        guard members.count <= Self.maximumAnnotations else {
            throw OCIError(.invalidManifest, "\(place) has more than \(Self.maximumAnnotations) annotations")
        }
        var annotations: [String: String] = [:]
        for (key, value) in members {
            guard case .string(let text) = value else {
                throw OCIError(
                    .invalidManifest,
                    "\(place).annotations['\(RemoteText.printable(key, limit: 80))'] is a JSON \(value.kind), not a string"
                )
            }
            annotations[key] = text
        }
        return annotations
    }
}
