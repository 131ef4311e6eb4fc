internal import Core

/// UTCTime and GeneralizedTime (RFC 5280, section 4.1.2.5; RFC 3161, section 2.4.2).
enum DERTime {
    /// The time that an element spells; nil unless it is a UTCTime or GeneralizedTime in UTC with whole seconds.
    static func parse(_ element: DERReader.Element) -> Timestamp? {
        switch element.tag {
        case DERTag.utcTime: parse(Array(element.content), yearDigits: 2, allowsFraction: false)
        case DERTag.generalizedTime: parse(Array(element.content), yearDigits: 4, allowsFraction: false)
        default: nil
        }
    }

    /// The time that the content of a UTCTime (two digits of the year) or GeneralizedTime (four) spells.
    /// - Parameter allowsFraction: whether there may be a fraction, as in timestamps but not in certificates.
    static func parse(_ text: [UInt8], yearDigits: Int, allowsFraction: Bool) -> Timestamp? {
        let whole = yearDigits + 10
        guard text.count > whole, text.last == UInt8(ascii: "Z"), text.prefix(whole).allSatisfy(isDigit) else {
            return nil
        }
        let fraction = text[whole..<(text.count - 1)]
        if !fraction.isEmpty {
            guard allowsFraction, fraction.first == UInt8(ascii: "."), (2...10).contains(fraction.count),
                fraction.dropFirst().allSatisfy(isDigit)
            else { return nil }
        }
        var year = String(decoding: text.prefix(yearDigits), as: UTF8.self)
        // RFC 5280, section 4.1.2.5.1: 50 to 99 are in the 20th century.
        if yearDigits == 2 { year = (text[0] >= UInt8(ascii: "5") ? "19" : "20") + year }
        let parts = stride(from: yearDigits, to: whole, by: 2).map {
            String(decoding: text[$0..<$0 + 2], as: UTF8.self)
        }
        return Timestamp(
            rfc3339: "\(year)-\(parts[0])-\(parts[1])T\(parts[2]):\(parts[3]):\(parts[4])"
                + String(decoding: fraction, as: UTF8.self) + "Z")
    }

    /// `YYYYMMDDHHMMSSZ`.
    static func generalized(_ time: Timestamp) -> String {
        String(time.rfc3339.filter { $0.isNumber || $0 == "Z" })
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
