/// A shell pattern with git's meaning of `*`, `**`, `?`, `[...]` and `\`, run as a set of states: the work is at most the
/// product of the two lengths, whatever the pattern.
struct Glob: Sendable {
    /// Room that matching uses, and the work done so far.
    struct Scratch: Sendable {
        fileprivate var states: [Bool] = []
        fileprivate var next: [Bool] = []
        /// Steps taken so far.
        var steps = 0

        /// Whether `text` starts with `prefix`; every comparison of two bytes is a step.
        mutating func compare(_ text: ArraySlice<UInt8>, startsWith prefix: [UInt8]) -> Bool {
            guard text.count >= prefix.count else { return false }
            let equal = text.commonPrefixCount(with: prefix[...])
            steps += min(equal + 1, prefix.count)
            return equal == prefix.count
        }
    }

    private enum Token: Sendable {
        case byte(UInt8)
        /// One byte of the set.
        case set(ByteSet)
        /// Any bytes but `/`, or none.
        case star
        /// Any bytes at all, or none.
        case anything
        /// `**/`: nothing, or anything that ends in a slash.
        case folders
    }

    private let tokens: [Token]

    /// Compiles `pattern`, or nil when nothing can match it: an unclosed `[`, a lone `\` at the end.
    /// - Parameter crossesFolders: whether `/` is special, so that `*` stops at it and `**` does not.
    init?(_ pattern: ArraySlice<UInt8>, crossesFolders: Bool) {
        let slash = UInt8(ascii: "/")
        var tokens: [Token] = []
        var index = pattern.startIndex
        let end = pattern.endIndex
        while index < end {
            let byte = pattern[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\\"):
                guard index < end else { return nil }
                tokens.append(.byte(pattern[index]))
                index += 1
            case UInt8(ascii: "?"):
                tokens.append(.set(crossesFolders ? ByteSet.all.removing(slash) : ByteSet.all))
            case UInt8(ascii: "["):
                guard var set = ByteSet(parsing: pattern, at: &index) else { return nil }
                if crossesFolders { set = set.removing(slash) }
                tokens.append(.set(set))
            case UInt8(ascii: "*"):
                let start = index - 1
                while index < end && pattern[index] == byte { index += 1 }
                let isDouble = index - start >= 2
                let opensComponent = start == pattern.startIndex || pattern[start - 1] == slash
                let closesComponent =
                    index == end || pattern[index] == slash
                    || (pattern[index] == UInt8(ascii: "\\") && index + 1 < end && pattern[index + 1] == slash)
                if !crossesFolders {
                    tokens.append(.anything)
                } else if isDouble && opensComponent && closesComponent {
                    if index < end && pattern[index] == slash {
                        tokens.append(.folders)
                        index += 1
                    } else {
                        tokens.append(.anything)
                    }
                } else {
                    tokens.append(.star)
                }
            default:
                tokens.append(.byte(byte))
            }
        }
        self.tokens = tokens
    }

    /// Whether all of `text` matches.
    func matches(_ text: ArraySlice<UInt8>, _ scratch: inout Scratch) -> Bool {
        let count = tokens.count
        scratch.states.removeAll(keepingCapacity: true)
        scratch.states.append(contentsOf: repeatElement(false, count: count + 1))
        enter(0, &scratch.states)
        for byte in text {
            scratch.steps += count + 1
            scratch.next.removeAll(keepingCapacity: true)
            scratch.next.append(contentsOf: repeatElement(false, count: count + 1))
            var isAlive = false
            for state in 0..<count where scratch.states[state] {
                switch tokens[state] {
                case .byte(let wanted) where wanted == byte: enter(state + 1, &scratch.next)
                case .byte: continue
                case .set(let set):
                    guard set.contains(byte) else { continue }
                    enter(state + 1, &scratch.next)
                case .star:
                    guard byte != UInt8(ascii: "/") else { continue }
                    enter(state, &scratch.next)
                case .anything: enter(state, &scratch.next)
                case .folders:
                    // Stays within `**`; a slash may end it, which `wait` marks by not having been skipped over.
                    scratch.next[state] = true
                    if byte == UInt8(ascii: "/") { enter(state + 1, &scratch.next) }
                }
                isAlive = true
            }
            if !isAlive { return false }
            swap(&scratch.states, &scratch.next)
        }
        return scratch.states[count]
    }

    /// Marks `state` and every state that can be reached from it without a byte.
    private func enter(_ state: Int, _ states: inout [Bool]) {
        var state = state
        while !states[state] {
            states[state] = true
            guard state < tokens.count else { return }
            switch tokens[state] {
            case .star, .anything, .folders: state += 1
            case .byte, .set: return
            }
        }
    }
}
