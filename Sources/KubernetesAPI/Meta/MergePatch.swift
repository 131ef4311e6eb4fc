package import Core

/// JSON merge patches (RFC 7386) as differences of two values.
package enum MergePatch {
    /// The patch that turns `old` into `new`: changed members only, `null` for those that are gone; nil if they are equal.
    ///
    /// Lists are replaced whole, as the format has no other way.
    package static func difference(from old: JSONValue, to new: JSONValue) -> JSONValue? {
        guard old != new else { return nil }
        guard case .object(let before) = old, case .object(let after) = new else { return new }
        var patch: [String: JSONValue] = [:]
        for (name, value) in after {
            guard let previous = before[name] else {
                patch[name] = value
                continue
            }
            patch[name] = difference(from: previous, to: value)
        }
        for name in before.keys where after[name] == nil { patch[name] = .null }
        return .object(patch)
    }
}
