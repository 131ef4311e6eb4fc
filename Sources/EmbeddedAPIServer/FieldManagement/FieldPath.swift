internal import Core

/// One step into an object, as server-side apply names it (structured-merge-diff `fieldpath.PathElement`).
enum PathElement: Hashable, Sendable {
    case field(String)
    /// An element of a keyed list, by its key members (an object).
    case key(JSONValue)
    /// An element of a set, by its value.
    case value(JSONValue)
    case index(Int)

    /// Reads `f:name`, `k:{...}`, `v:...` or `i:0`.
    init?(parsing text: String) {
        guard text.utf8.count >= 2 else { return nil }
        let rest = String(decoding: text.utf8.dropFirst(2), as: UTF8.self)
        switch String(decoding: text.utf8.prefix(2), as: UTF8.self) {
        case "f:": self = .field(rest)
        case "k:":
            guard let value = try? JSONValue(parsing: rest), value.objectValue != nil else { return nil }
            self = .key(value)
        case "v:":
            guard let value = try? JSONValue(parsing: rest) else { return nil }
            self = .value(value)
        case "i:":
            guard let index = Int(rest) else { return nil }
            self = .index(index)
        default: return nil
        }
    }

    /// The element as `fieldsV1` has it.
    var text: String {
        switch self {
        case .field(let name): "f:" + name
        case .key(let value): "k:" + value.text()
        case .value(let value): "v:" + value.text()
        case .index(let index): "i:\(index)"
        }
    }

    /// The element as conflict messages have it: `.name`, `[type="Ready"]`, `[="x"]`.
    var messageText: String {
        switch self {
        case .field(let name): ".\(name)"
        case .key(let value):
            "["
                + (value.objectValue ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text())" }
                .joined(separator: ",") + "]"
        case .value(let value): "[=\(value.text())]"
        case .index(let index): "[\(index)]"
        }
    }
}
