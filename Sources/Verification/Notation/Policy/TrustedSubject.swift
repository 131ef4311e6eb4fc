internal import Cryptography

/// A subject as trust policies compare it: attribute types, each once, and their texts (Notary Project trust policy
/// specification, "Trusted identities constraints").
struct TrustedSubject: Sendable, Hashable {
    /// By the type's name, the text's bytes: nothing is folded or normalised.
    private let attributes: [String: [UInt8]]

    private static let required = ["C", "ST", "O"]
    private static let names: [OID: String] = [
        "2.5.4.3": "CN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
        "2.5.4.9": "STREET",
        "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.17": "POSTALCODE",
    ]

    /// Parses an RFC 4514 text.
    /// - Throws: `Rejection` (`.malformed`) naming the fault.
    init(parsing text: some StringProtocol) throws(Rejection) {
        var parser = DistinguishedNameParser(text)
        try self.init(try parser.parse(), "the distinguished name")
    }

    /// The subject of a certificate.
    /// - Throws: `Rejection` (`.identity`) for one that no policy can name.
    init(of certificate: Certificate) throws(Rejection) {
        var pairs: [(type: String, value: [UInt8])] = []
        for names in certificate.subject.relativeNames {
            guard names.count == 1, let attribute = names.first else {
                throw Rejection(.identity, "the signer's subject has a part of several attributes")
            }
            guard let name = Self.names[attribute.type], let text = attribute.text else {
                throw Rejection(
                    .identity, "the signer's subject has an attribute (\(attribute.type)) that no trust policy can name"
                )
            }
            pairs.append((name, Array(text.utf8)))
        }
        do {
            try self.init(pairs, "the signer's subject")
        } catch {
            throw Rejection(.identity, error.message)
        }
    }

    private init(_ pairs: [(type: String, value: [UInt8])], _ what: String) throws(Rejection) {
        var attributes: [String: [UInt8]] = [:]
        for pair in pairs {
            let type = pair.type == "S" ? "ST" : pair.type
            let isNew = attributes.updateValue(pair.value, forKey: type) == nil
            guard isNew else {  // check: subject-duplicate
                throw Rejection(.malformed, "\(what) has the attribute \(type) twice")
            }
        }
        let missing = Self.required.first { attributes[$0]?.isEmpty ?? true }
        guard missing == nil else {  // check: subject-required
            throw Rejection(.malformed, "\(what) lacks the attribute \(missing ?? ""); C, ST and O are needed")
        }
        self.attributes = attributes
    }

    /// Whether every attribute is in `other` with the same text.
    func isContained(in other: TrustedSubject) -> Bool {
        attributes.allSatisfy { other.attributes[$0.key] == $0.value }
    }
}

/// Parses the string form of distinguished names (RFC 4514): no parts of several attributes, no hexadecimal values.
private struct DistinguishedNameParser {
    private var rest: Substring.UTF8View

    init(_ text: some StringProtocol) { rest = Substring(text).utf8 }

    mutating func parse() throws(Rejection) -> [(type: String, value: [UInt8])] {
        var pairs: [(type: String, value: [UInt8])] = []
        repeat {
            guard pairs.count < 32 else { throw Self.fault("it has more than 32 parts") }
            pairs.append((try type(), try value()))
        } while try nextPart()
        return pairs
    }

    private mutating func nextPart() throws(Rejection) -> Bool {
        guard let separator = rest.popFirst() else { return false }
        guard separator == UInt8(ascii: ",") else {
            throw Self.fault("parts of several attributes ('+') are not supported")
        }
        return true
    }

    private mutating func type() throws(Rejection) -> String {
        skipSpaces()
        var name: [UInt8] = []
        while let byte = rest.popFirst(), byte != UInt8(ascii: "=") { name.append(byte) }
        while name.last == UInt8(ascii: " ") { name.removeLast() }
        let isName = name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isName, !name.isEmpty else { throw Self.fault("an attribute has no type") }
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func value() throws(Rejection) -> [UInt8] {
        skipSpaces()
        guard rest.first != UInt8(ascii: "#") else { throw Self.fault("hexadecimal values ('=#') are not supported") }
        var value: [UInt8] = []
        var kept = 0
        scan: while let byte = rest.first {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "+"): break scan
            case UInt8(ascii: ";"), UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"):
                throw Self.fault("one of \" ; < > stands without a backslash")
            case 0: throw Self.fault("it has a NUL")
            case UInt8(ascii: "\\"):
                rest.removeFirst()
                value.append(try escaped())
                kept = value.count
            default:
                rest.removeFirst()
                value.append(byte)
                if byte != UInt8(ascii: " ") { kept = value.count }
            }
        }
        // Spaces at the end are no part of the value, unless they are escaped.
        value.removeLast(value.count - kept)
        guard !value.isEmpty, String(validating: value, as: UTF8.self) != nil else {
            throw Self.fault("a value is empty or no UTF-8")
        }
        return value
    }

    private mutating func escaped() throws(Rejection) -> UInt8 {
        guard let first = rest.popFirst() else { throw Self.fault("it ends in a backslash") }
        if " \"#+,;<=>\\".utf8.contains(first) { return first }
        guard let high = Self.digit(first), let low = rest.popFirst().flatMap(Self.digit) else {
            throw Self.fault("a backslash stands before something that needs none")
        }
        return high << 4 | low
    }

    private mutating func skipSpaces() {
        while rest.first == UInt8(ascii: " ") { rest.removeFirst() }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func fault(_ what: String) -> Rejection {
        Rejection(.malformed, "the distinguished name is malformed: \(what)")
    }
}
