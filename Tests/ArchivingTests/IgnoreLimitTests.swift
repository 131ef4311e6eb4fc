import Archiving
import Testing

/// What rules may cost over a whole archive.
@Suite struct IgnoreLimitTests {
    /// Fifty rules of a thousand bytes that are all like a path up to their last byte, and the path.
    enum Kind: String, CaseIterable {
        case scope, literal, suffix, prefix

        var folder: String { self == .scope ? String(repeating: "a", count: 1000) : "" }
        var line: String {
            let long = String(repeating: "a", count: 999) + "b"
            return switch self {
            case .scope: "z"
            case .literal: long
            case .suffix: "*" + long
            case .prefix: "/\(long)*"
            }
        }
        var path: String {
            switch self {
            case .scope: folder + "/x"
            case .literal, .suffix: String(repeating: "a", count: 1000)
            case .prefix: String(repeating: "a", count: 1100)
            }
        }
    }

    private func matcher(_ kind: Kind, steps: Int) throws -> IgnoreMatcher {
        var rules = IgnoreRules(limits: IgnoreRules.Limits(steps: steps))
        for _ in 0..<50 { try rules.append([UInt8](kind.line.utf8), scopedTo: [UInt8](kind.folder.utf8)) }
        return IgnoreMatcher(rules)
    }

    @Test(arguments: Kind.allCases) func comparedBytesAreCounted(kind: Kind) throws {
        var bounded = try matcher(kind, steps: 40_000)
        #expect { try bounded.isIgnored([UInt8](kind.path.utf8), isFolder: false) } throws: {
            code($0) == .ignoreRules
        }
        var free = try matcher(kind, steps: 100_000)
        #expect(try !free.isIgnored([UInt8](kind.path.utf8), isFolder: false))
    }

    /// A fiftieth of ten thousand files, with a fiftieth of the default budget; more would occupy a worker for too long.
    @Test func plainRulesForManyFilesFit() throws {
        let steps = IgnoreRules.Limits().steps
        #expect(steps <= 500_000_000)
        var rules = IgnoreRules(limits: IgnoreRules.Limits(steps: steps / 50))
        try rules.append((0..<500).map { "/folder/of/many/file-\($0).yaml" })
        var matcher = IgnoreMatcher(rules)
        for number in 0..<200 {
            #expect(try !matcher.isIgnored([UInt8]("folder/of/many/other-\(number).yaml".utf8), isFolder: false))
        }
    }

    /// Archives with many scoped rules are common; that a path is elsewhere shows at the first bytes.
    @Test(arguments: [Kind.scope, .literal, .prefix, .suffix]) func bytesThatAreNotLookedAtAreNot(kind: Kind) throws {
        var matcher = try matcher(kind, steps: 40_000)
        for number in 0..<100 {
            #expect(
                try !matcher.isIgnored(
                    [UInt8]((String(repeating: "c", count: 1100) + "\(number)").utf8), isFolder: false))
        }
    }
}
