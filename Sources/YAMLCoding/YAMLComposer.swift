internal import Core

/// Builds JSON values from events: resolves scalars, expands aliases and merge keys, and keeps to the limits.
struct YAMLComposer {
    /// A value and what it costs when an alias repeats it.
    private struct Node {
        var value: JSONValue
        var values = 1
        var bytes = 0
        var height = 0
    }

    private let reader: YAMLEventReader
    private let fileName: String
    private let limits: YAMLLimits
    private var anchors: [String: Node] = [:]
    private var openAnchors: Set<String> = []
    private var values = 0
    private var bytes = 0

    init(reader: YAMLEventReader, fileName: String, limits: YAMLLimits) {
        self.reader = reader
        self.fileName = fileName
        self.limits = limits
    }

    mutating func composeStream() throws(YAMLError) -> [YAMLDocument] {
        var documents: [YAMLDocument] = []
        while true {
            let event = try reader.next()
            switch event.kind {
            case .streamEnd: return documents
            case .documentStart:
                guard documents.count < limits.documents else {
                    throw fault(.limit, "more than \(limits.documents) documents", event.mark)
                }
                documents.append(try composeDocument())
            default: continue
            }
        }
    }

    private mutating func composeDocument() throws(YAMLError) -> YAMLDocument {
        anchors = [:]
        openAnchors = []
        values = 0
        bytes = 0
        let first = try reader.next()
        let node = try compose(first, depth: 1)
        return YAMLDocument(value: node.value, line: first.mark.line)
    }

    private mutating func compose(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Node {
        switch event.kind {
        case .scalar(let scalar):
            let node = Node(value: try resolve(scalar, event.mark), bytes: scalar.text.count)
            try charge(values: 1, bytes: node.bytes, event.mark)
            if let anchor = scalar.anchor { anchors[anchor] = node }
            return node
        case .alias(let name):
            guard let node = anchors[name] else {
                let reason = openAnchors.contains(name) ? "contains itself" : "is not defined"
                throw fault(.syntax, "the anchor '\(name)' \(reason)", event.mark)
            }
            try charge(values: node.values, bytes: node.bytes, event.mark)
            guard depth + node.height <= limits.depth + 1 else { throw tooDeep(event.mark) }
            return node
        case .sequenceStart(let anchor, let tag):
            try enter(anchor, tag, "seq", depth: depth, event.mark)
            let node = try composeSequence(depth: depth)
            leave(anchor, node)
            return node
        case .mappingStart(let anchor, let tag):
            try enter(anchor, tag, "map", depth: depth, event.mark)
            let node = try composeMapping(depth: depth)
            leave(anchor, node)
            return node
        default:
            throw fault(.syntax, "expected a value", event.mark)
        }
    }

    private mutating func composeSequence(depth: Int) throws(YAMLError) -> Node {
        var elements: [JSONValue] = []
        var node = Node(value: .null)
        while true {
            let event = try reader.next()
            if case .sequenceEnd = event.kind {
                node.value = .array(elements)
                node.height += 1
                return node
            }
            let element = try compose(event, depth: depth + 1)
            elements.append(element.value)
            Self.add(element, to: &node)
        }
    }

    private mutating func composeMapping(depth: Int) throws(YAMLError) -> Node {
        var members: [String: JSONValue] = [:]
        var merged: [String: JSONValue] = [:]
        var hasMerge = false
        var node = Node(value: .null)
        while true {
            let event = try reader.next()
            if case .mappingEnd = event.kind {
                if hasMerge { members.merge(merged) { own, _ in own } }
                node.value = .object(members)
                node.height += 1
                return node
            }
            if isMergeKey(event) {
                guard !hasMerge else { throw fault(.duplicateKey, "duplicate key '<<'", event.mark) }
                hasMerge = true
                let valueEvent = try reader.next()
                let source = try compose(valueEvent, depth: depth + 1)
                Self.add(source, to: &node)
                merged = try mergeSources(source.value, valueEvent.mark)
                continue
            }
            let key = try composeKey(event, depth: depth)
            guard members[key] == nil else {
                throw fault(.duplicateKey, "duplicate key '\(Self.shortened(key))'", event.mark)
            }
            let value = try compose(try reader.next(), depth: depth + 1)
            members[key] = value.value
            node.bytes += key.utf8.count
            Self.add(value, to: &node)
        }
    }

    private func isMergeKey(_ event: YAMLEvent) -> Bool {
        guard case .scalar(let scalar) = event.kind, scalar.text == [UInt8]("<<".utf8) else { return false }
        return scalar.tag == Self.prefix + "merge" || (scalar.isPlain && scalar.tag == nil)
    }

    /// The members that a merge key brings in; of several sources the earlier wins.
    private func mergeSources(_ value: JSONValue, _ mark: YAMLMark) throws(YAMLError) -> [String: JSONValue] {
        switch value {
        case .object(let members): return members
        case .array(let elements):
            var merged: [String: JSONValue] = [:]
            for element in elements {
                guard case .object(let members) = element else { break }
                merged.merge(members) { earlier, _ in earlier }
            }
            guard elements.allSatisfy({ $0.objectValue != nil }) else { break }
            return merged
        default: break
        }
        throw fault(.syntax, "a merge key ('<<') needs a mapping or a sequence of mappings", mark)
    }

    private mutating func composeKey(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> String {
        let node = try compose(event, depth: depth + 1)
        switch node.value {
        case .string(let text): return text
        case .integer, .double, .bool: return node.value.text()
        case .null: throw fault(.unsupported, "a null key has no JSON counterpart; quote it", event.mark)
        case .array, .object:
            throw fault(.unsupported, "a key must be a scalar, not a sequence or mapping", event.mark)
        }
    }

    private static let prefix = "tag:yaml.org,2002:"

    private func resolve(_ scalar: YAMLEvent.Scalar, _ mark: YAMLMark) throws(YAMLError) -> JSONValue {
        let resolution: YAMLScalarResolution.Resolved?
        switch scalar.tag {
        case nil where scalar.isPlain: resolution = YAMLScalarResolution.resolve(plain: scalar.text)
        case nil, "!", Self.prefix + "str", Self.prefix + "timestamp":
            resolution = .value(.string(YAMLScalarResolution.string(scalar.text)))
        case Self.prefix + "int": resolution = YAMLScalarResolution.integer(scalar.text)
        case Self.prefix + "float":
            resolution =
                YAMLScalarResolution.isNotFinite(scalar.text)
                ? .notFinite : YAMLScalarResolution.double(scalar.text).map(YAMLScalarResolution.number)
        case Self.prefix + "bool":
            resolution = YAMLScalarResolution.keyword(scalar.text).flatMap { $0.isNull ? nil : .value($0) }
        case Self.prefix + "null":
            let isNull = scalar.text.isEmpty || YAMLScalarResolution.keyword(scalar.text)?.isNull == true
            resolution = isNull ? .value(.null) : nil
        case let tag?: throw fault(.unsupported, "the tag '\(Self.shortened(tag))' is not supported", mark)
        }
        switch resolution {
        case .value(let value): return value
        case .notFinite: throw fault(.unsupported, "an infinity or NaN has no JSON counterpart; quote it", mark)
        case .integerOverflow: throw fault(.unsupported, "an integer outside of 64 bits; quote it", mark)
        case nil:
            throw fault(
                .syntax, "'\(Self.shortened(YAMLScalarResolution.string(scalar.text)))' does not fit its tag", mark)
        }
    }

    private mutating func enter(
        _ anchor: String?, _ tag: String?, _ kind: String, depth: Int, _ mark: YAMLMark
    ) throws(YAMLError) {
        guard depth <= limits.depth else { throw tooDeep(mark) }
        try charge(values: 1, bytes: 0, mark)
        if let tag, tag != "!", tag != Self.prefix + kind {
            throw fault(.unsupported, "the tag '\(Self.shortened(tag))' is not supported", mark)
        }
        if let anchor {
            anchors[anchor] = nil
            openAnchors.insert(anchor)
        }
    }

    private mutating func leave(_ anchor: String?, _ node: Node) {
        guard let anchor else { return }
        openAnchors.remove(anchor)
        anchors[anchor] = node
    }

    private mutating func charge(values: Int, bytes: Int, _ mark: YAMLMark) throws(YAMLError) {
        self.values += values
        self.bytes += bytes
        guard self.values <= limits.values else {
            throw fault(.limit, "more than \(limits.values) values with aliases expanded", mark)
        }
        guard self.bytes <= limits.expandedBytes else {
            throw fault(.limit, "more than \(limits.expandedBytes) bytes with aliases expanded", mark)
        }
    }

    private static func add(_ child: Node, to node: inout Node) {
        node.values += child.values
        node.bytes += child.bytes
        node.height = max(node.height, child.height)
    }

    private func tooDeep(_ mark: YAMLMark) -> YAMLError {
        fault(.limit, "nested more than \(limits.depth) levels deep", mark)
    }

    private func fault(_ code: YAMLError.Code, _ message: String, _ mark: YAMLMark) -> YAMLError {
        YAMLError(code: code, fileName: fileName, line: mark.line, column: mark.column, message: message)
    }

    private static func shortened(_ text: String) -> String {
        let printable = text.unicodeScalars.prefix(80).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : String($0) }
        return printable.joined() + (text.unicodeScalars.count > 80 ? "..." : "")
    }
}
