extension JSONValue {
    /// The value changed by a merge patch (RFC 7386): members of `patch` replace those of the same name, null removes
    /// them, objects are merged member by member, anything else replaces the whole.
    package func merging(patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = objectValue ?? [:]
        for (name, change) in changes {
            if change.isNull {
                members[name] = nil
            } else {
                members[name] = (members[name] ?? .null).merging(patch: change)
            }
        }
        return .object(members)
    }
}
