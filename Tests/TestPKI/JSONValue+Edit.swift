package import Core

extension JSONValue {
    /// Sets (or with nil removes) what a dotted path such as `tlogs.0.publicKey.validFor` leads to.
    package mutating func edit(_ path: String, _ value: JSONValue?) {
        edit(path.split(separator: ".")[...], value)
    }

    /// What a dotted path leads to.
    package func at(_ path: String) -> JSONValue? {
        path.split(separator: ".").reduce(self as JSONValue?) { value, step in
            if let index = Int(step), let list = value?.arrayValue { return index < list.count ? list[index] : nil }
            return value?[String(step)]
        }
    }

    private mutating func edit(_ path: ArraySlice<Substring>, _ value: JSONValue?) {
        guard let step = path.first else { return }
        if let index = Int(step), case .array(var list) = self, index < list.count {
            if path.count == 1 {
                if let value { list[index] = value } else { list.remove(at: index) }
            } else {
                list[index].edit(path.dropFirst(), value)
            }
            self = .array(list)
        } else if path.count == 1 {
            self[String(step)] = value
        } else {
            var member = self[String(step)] ?? .object([:])
            member.edit(path.dropFirst(), value)
            self[String(step)] = member
        }
    }
}
