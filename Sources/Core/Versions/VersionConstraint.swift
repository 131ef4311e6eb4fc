/// One comparison of a version range.
struct VersionConstraint: Sendable, Hashable {
    enum Comparison: Sendable {
        case equal, notEqual, greater, less, greaterOrEqual, lessOrEqual, tilde, caret

        /// Reads a comparison; none is `equal`.
        init(_ scanner: inout VersionScanner) {
            switch scanner.skip(oneOf: ["!=", ">=", "=>", "<=", "=<", "~>", "=", ">", "<", "~", "^"]) {
            case "!=": self = .notEqual
            case ">=", "=>": self = .greaterOrEqual
            case "<=", "=<": self = .lessOrEqual
            case ">": self = .greater
            case "<": self = .less
            case "~>", "~": self = .tilde
            case "^": self = .caret
            default: self = .equal
            }
        }
    }

    /// The first part of the version that is a wildcard or missing.
    enum Wildcard: Sendable {
        case none, patch, minor, major
    }

    let comparison: Comparison
    /// The version compared with; parts from the wildcard on are 0.
    let version: SemanticVersion
    let wildcard: Wildcard

    /// A constraint from its parts; nil if the version has no valid numbers or pre-release.
    init?(_ comparison: Comparison, _ parts: VersionScanner.Parts) {
        let wildcards: [Wildcard] = [.major, .minor, .patch]
        let count = parts.segments.firstIndex(where: Self.isWildcard) ?? parts.segments.count
        guard
            let version = SemanticVersion(
                segments: Array(parts.segments[..<count]), prerelease: parts.prerelease, metadata: [], original: "")
        else { return nil }
        self.comparison = comparison
        self.version = version
        wildcard = count < 3 ? wildcards[count] : .none
    }

    /// The bytes of a constraint's segments; `|` is one for the original's sake, and fails later as no number.
    static func isSegmentByte(_ byte: UInt8) -> Bool {
        VersionScanner.isDigit(byte) || "xX*|".utf8.contains(byte)
    }

    private static func isWildcard(_ segment: ArraySlice<UInt8>) -> Bool {
        segment.count == 1 && segment.allSatisfy { "xX*".utf8.contains($0) }
    }

    /// Whether `candidate` satisfies the constraint; whether pre-releases count is the group's to decide.
    func admits(_ candidate: SemanticVersion) -> Bool {
        switch comparison {
        case .equal: wildcard == .none ? candidate == version : isWithinTilde(candidate)
        case .notEqual: isDifferent(candidate)
        case .greater: isGreater(candidate)
        case .less: candidate < version
        case .greaterOrEqual: candidate >= version
        case .lessOrEqual: isLessOrEqual(candidate)
        case .tilde: isWithinTilde(candidate)
        case .caret: isWithinCaret(candidate)
        }
    }

    private func isDifferent(_ candidate: SemanticVersion) -> Bool {
        switch wildcard {
        case .none: return candidate != version
        // `!=*` differs from 0.0.0 only, as in the original.
        case .major: return candidate != version
        case .minor: return candidate.major != version.major
        case .patch:
            guard candidate.major == version.major, candidate.minor == version.minor else { return true }
            return candidate.prerelease != version.prerelease
        }
    }

    /// `>11` starts at 12, `>11.1` at 11.2.
    private func isGreater(_ candidate: SemanticVersion) -> Bool {
        switch wildcard {
        case .none, .major: candidate > version
        case .minor: candidate.major > version.major
        case .patch: (candidate.major, candidate.minor) > (version.major, version.minor)
        }
    }

    /// `<=11` ends before 12, `<=11.1` before 11.2.
    private func isLessOrEqual(_ candidate: SemanticVersion) -> Bool {
        switch wildcard {
        case .none: candidate <= version
        case .minor: candidate.major <= version.major
        case .major, .patch: (candidate.major, candidate.minor) <= (version.major, version.minor)
        }
    }

    /// `~1.2.3` is `>=1.2.3, <1.3`; `~1` is `>=1, <2`; `~*` and `~0.0.0` are anything from 0.0.0.
    private func isWithinTilde(_ candidate: SemanticVersion) -> Bool {
        guard candidate >= version else { return false }
        let isZero = version.major == 0 && version.minor == 0 && version.patch == 0
        if isZero && (wildcard == .none || wildcard == .major) { return true }
        return candidate.major == version.major && (wildcard == .minor || candidate.minor == version.minor)
    }

    /// `^1.2.3` is `>=1.2.3, <2`; with major 0 the first number that is not 0 is kept: `^0.2.3` is `>=0.2.3, <0.3`.
    private func isWithinCaret(_ candidate: SemanticVersion) -> Bool {
        guard candidate >= version else { return false }
        if version.major > 0 || wildcard == .minor { return candidate.major == version.major }
        guard candidate.major == 0 else { return false }
        if version.minor > 0 || wildcard == .patch { return candidate.minor == version.minor }
        return candidate.minor == 0 && candidate.patch == version.patch
    }
}
