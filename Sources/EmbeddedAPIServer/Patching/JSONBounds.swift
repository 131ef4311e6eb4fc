internal import Core

extension JSONValue {
    /// Whether the value nests at most `depth` levels and its text takes at most about `bytes` bytes. Looking stops where that is
    /// clear: a patch that copies a value into itself doubles it with every operation.
    func isWithin(bytes: Int, depth: Int) -> Bool {
        var rest = bytes
        return fits(into: &rest, depth: depth)
    }

    private func fits(into rest: inout Int, depth: Int) -> Bool {
        guard depth >= 0, rest > 0 else { return false }
        switch self {
        case .string(let text): rest -= text.utf8.count + 2
        case .array(let elements):
            rest -= 2
            for element in elements {
                rest -= 1
                guard element.fits(into: &rest, depth: depth - 1) else { return false }
            }
        case .object(let members):
            rest -= 2
            for (name, member) in members {
                rest -= name.utf8.count + 4
                guard member.fits(into: &rest, depth: depth - 1) else { return false }
            }
        default: rest -= 4
        }
        return rest > 0
    }
}
