/// A version of Semantic Versioning 2.0.0, read as leniently as github.com/Masterminds/semver v3 reads tags.
///
/// Versions that differ in build metadata or spelling only are equal, as their precedence is.
package struct SemanticVersion: Comparable, Hashable, Sendable, CustomStringConvertible {
    /// The largest size in bytes of a version's text.
    package static let lengthLimit = 256

    package let major: UInt64
    package let minor: UInt64
    package let patch: UInt64
    /// Identifiers after `-`, separated by dots; empty for a release.
    package let prerelease: String
    /// Identifiers after `+`; without influence on precedence.
    package let metadata: String
    /// The text that was parsed.
    package let original: String

    /// Parses a version: `v` in front, a missing minor or patch number and leading zeros in these are tolerated.
    package init?(parsing text: some StringProtocol) {
        guard text.utf8.count <= Self.lengthLimit else { return nil }
        var scanner = VersionScanner([UInt8](text.utf8))
        guard let parts = scanner.parts(isSegmentByte: VersionScanner.isDigit), scanner.isAtEnd else { return nil }
        self.init(
            segments: parts.segments, prerelease: parts.prerelease, metadata: parts.metadata, original: String(text))
    }

    /// A version from its parts; nil if a number exceeds 64 bits or the pre-release is invalid.
    init?(
        segments: [ArraySlice<UInt8>], prerelease: ArraySlice<UInt8>, metadata: ArraySlice<UInt8>, original: String
    ) {
        var numbers: [UInt64] = []
        for segment in segments {
            guard let number = Self.number(segment) else { return nil }
            numbers.append(number)
        }
        while numbers.count < 3 { numbers.append(0) }
        for identifier in prerelease.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            let isNumeric = identifier.allSatisfy(VersionScanner.isDigit)
            if isNumeric && identifier.count > 1 && identifier.first == UInt8(ascii: "0") { return nil }
        }
        (major, minor, patch) = (numbers[0], numbers[1], numbers[2])
        self.prerelease = String(decoding: prerelease, as: UTF8.self)
        self.metadata = String(decoding: metadata, as: UTF8.self)
        self.original = original
    }

    /// The canonical spelling: three numbers, pre-release and metadata, no `v`.
    package var description: String {
        "\(major).\(minor).\(patch)" + (prerelease.isEmpty ? "" : "-\(prerelease)")
            + (metadata.isEmpty ? "" : "+\(metadata)")
    }

    /// Precedence by section 11 of Semantic Versioning.
    package static func < (one: SemanticVersion, other: SemanticVersion) -> Bool {
        let numbers = (one.major, one.minor, one.patch)
        let others = (other.major, other.minor, other.patch)
        guard numbers == others else { return numbers < others }
        if one.prerelease.isEmpty || other.prerelease.isEmpty {
            return !one.prerelease.isEmpty && other.prerelease.isEmpty
        }
        let identifiers = one.prerelease.utf8.split(separator: UInt8(ascii: "."))
        let otherIdentifiers = other.prerelease.utf8.split(separator: UInt8(ascii: "."))
        for (identifier, otherIdentifier) in zip(identifiers, otherIdentifiers)
        where !identifier.elementsEqual(otherIdentifier) {
            return precedes(Array(identifier), Array(otherIdentifier))
        }
        return identifiers.count < otherIdentifiers.count
    }

    package static func == (one: SemanticVersion, other: SemanticVersion) -> Bool {
        one.major == other.major && one.minor == other.minor && one.patch == other.patch
            && one.prerelease == other.prerelease
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(major)
        hasher.combine(minor)
        hasher.combine(patch)
        hasher.combine(prerelease)
    }

    /// Numbers by value and before words; a number beyond 64 bits counts as a word.
    private static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        switch (number(one[...]), number(other[...])) {
        case (let one?, let other?): one < other
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): one.lexicographicallyPrecedes(other)
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard !digits.isEmpty, digits.allSatisfy(VersionScanner.isDigit) else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }
}
