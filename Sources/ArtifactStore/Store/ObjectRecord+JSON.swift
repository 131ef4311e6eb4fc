internal import Core

/// The format of the files in `.index`. A file of another version, or one that is damaged, counts as missing.
extension ObjectRecord {
    private static let version: Int64 = 1
    static let sizeLimit = 4 << 20

    func serialized() -> [UInt8] {
        JSONValue.object([
            "version": .integer(Self.version),
            "current": current.map(JSONValue.string) ?? .null,
            "artifacts": .array(artifacts.map(\.json)),
            "layer": layer?.json ?? .null,
            "note": note.map(JSONValue.string) ?? .null,
        ]).serialized()
    }

    init?(parsing bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), value["version"]?.integerValue == Self.version,
            let list = value["artifacts"]?.arrayValue
        else { return nil }
        var artifacts: [ArtifactRecord] = []
        for item in list {
            guard let artifact = ArtifactRecord(item) else { return nil }
            artifacts.append(artifact)
        }
        self.init(
            current: value["current"]?.stringValue, artifacts: artifacts,
            layer: value["layer"].flatMap(LayerRecord.init),
            note: value["note"]?.stringValue.flatMap { $0.utf8.count <= Self.noteLimit ? $0 : nil })
    }
}

extension ArtifactRecord {
    fileprivate var json: JSONValue {
        .object([
            "file": .string(file), "digest": .string(digest.description), "size": .integer(size),
            "revision": .string(revision), "operation": .string(operation),
            "ignore": ignore.map(JSONValue.string) ?? .null, "storedAt": storedAt.json,
            "supersededAt": supersededAt?.json ?? .null, "inode": .string(String(identity.inode)),
            "modified": identity.modified.json, "skipped": skipped.json, "withheld": .bool(isWithheld),
        ])
    }

    fileprivate init?(_ value: JSONValue) {
        guard let file = value["file"]?.stringValue, ArtifactFileName.isValid(file),
            let digestText = value["digest"]?.stringValue, let digest = try? Digest(parsing: digestText),
            let size = value["size"]?.integerValue, let revision = value["revision"]?.stringValue,
            let operation = value["operation"]?.stringValue,
            let storedAt = value["storedAt"].flatMap(Timestamp.init(json:)),
            let inode = value["inode"]?.stringValue.flatMap({ UInt64($0) }),
            let modified = value["modified"].flatMap(Timestamp.init(json:)),
            let skipped = value["skipped"].flatMap(SkippedEntries.init(json:)),
            // Records of before there was such a thing lack it; one that says anything else is not believed.
            let isWithheld = value["withheld"].map({ $0.boolValue }) ?? false
        else { return nil }
        self.init(
            file: file, digest: digest, size: size, revision: revision, operation: operation,
            ignore: value["ignore"]?.stringValue, storedAt: storedAt,
            supersededAt: value["supersededAt"].flatMap(Timestamp.init(json:)),
            identity: FileIdentity(inode: inode, size: size, modified: modified), skipped: skipped,
            isWithheld: isWithheld)
    }
}

extension LayerRecord {
    fileprivate var json: JSONValue {
        .object([
            "digest": .string(digest.description), "size": .integer(size), "inode": .string(String(inode)),
        ])
    }

    fileprivate init?(_ value: JSONValue) {
        guard let text = value["digest"]?.stringValue, let digest = try? Digest(parsing: text),
            let size = value["size"]?.integerValue, let inode = value["inode"]?.stringValue.flatMap({ UInt64($0) })
        else { return nil }
        self.init(digest: digest, size: size, inode: inode)
    }
}

extension SkippedEntries {
    fileprivate var json: JSONValue {
        .object([
            "counts": .object(
                Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, .integer(Int64($0.value))) })),
            "examples": .array(examples.map(JSONValue.string)),
        ])
    }

    fileprivate init?(json value: JSONValue) {
        guard let pairs = value["counts"]?.objectValue, let examples = value["examples"]?.arrayValue else { return nil }
        var counts: [Reason: Int] = [:]
        for (key, number) in pairs {
            guard let reason = Reason(rawValue: key), let count = number.integerValue else { return nil }
            counts[reason] = Int(count)
        }
        self.init(counts: counts, examples: examples.compactMap(\.stringValue))
    }
}

extension Timestamp {
    fileprivate var json: JSONValue { .array([.integer(seconds), .integer(Int64(nanoseconds))]) }

    fileprivate init?(json value: JSONValue) {
        guard let parts = value.arrayValue, parts.count == 2, let seconds = parts[0].integerValue,
            let nanoseconds = parts[1].integerValue.flatMap(Int32.init(exactly:))
        else { return nil }
        self.init(seconds: seconds, nanoseconds: nanoseconds)
    }
}
