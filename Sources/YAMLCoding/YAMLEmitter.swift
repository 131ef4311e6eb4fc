internal import Core

/// Writes a JSON value as block-style YAML.
struct YAMLEmitter {
    private(set) var output: [UInt8] = []
    private var column = 0

    mutating func emitDocument(_ value: JSONValue) {
        switch value {
        case .object(let members) where !members.isEmpty: emitMembers(members, indent: 0)
        case .array(let elements) where !elements.isEmpty: emitElements(elements, indent: 0)
        default:
            emitInline(value, indent: 0)
            breakLine()
        }
    }

    private mutating func emitMembers(_ members: [String: JSONValue], indent: Int, firstIsPlaced: Bool = false) {
        let sorted = members.sorted { YAMLKeyOrder.precedes($0.key, $1.key) }
        for (index, member) in sorted.enumerated() {
            if index > 0 || !firstIsPlaced { pad(indent) }
            emitKey(member.key)
            write(":")
            switch member.value {
            case .object(let nested) where !nested.isEmpty:
                breakLine()
                emitMembers(nested, indent: indent + 2)
            case .array(let elements) where !elements.isEmpty:
                // As kubectl does, a sequence in a mapping is not indented any further.
                breakLine()
                emitElements(elements, indent: indent)
            default:
                write(" ")
                emitInline(member.value, indent: indent)
                breakLine()
            }
        }
    }

    private mutating func emitElements(_ elements: [JSONValue], indent: Int, firstIsPlaced: Bool = false) {
        for (index, element) in elements.enumerated() {
            if index > 0 || !firstIsPlaced { pad(indent) }
            write("- ")
            switch element {
            case .object(let members) where !members.isEmpty:
                emitMembers(members, indent: indent + 2, firstIsPlaced: true)
            case .array(let nested) where !nested.isEmpty:
                emitElements(nested, indent: indent + 2, firstIsPlaced: true)
            default:
                emitInline(element, indent: indent)
                breakLine()
            }
        }
    }

    private mutating func emitKey(_ key: String) {
        let bytes = [UInt8](key.utf8)
        // A long key would need the explicit `? ` form if it were not on one line in quotes.
        emitString(YAMLStringForm(bytes, isKey: true), indent: 0, folds: false)
    }

    private mutating func emitInline(_ value: JSONValue, indent: Int) {
        switch value {
        case .string(let text):
            emitString(YAMLStringForm([UInt8](text.utf8), isKey: false), indent: indent, folds: true)
        case .double(let number): write(Self.text(of: number))
        case .object: write("{}")
        case .array: write("[]")
        default: write(value.text())
        }
    }

    private mutating func emitString(_ form: YAMLStringForm, indent: Int, folds: Bool) {
        switch form.style {
        case .plain: emitFolding(form.text, indent: indent + 2, folds: folds)
        case .singleQuoted:
            write("'")
            emitFolding(form.text.flatMap { $0 == 0x27 ? [0x27, 0x27] : [$0] }, indent: indent + 2, folds: folds)
            write("'")
        case .doubleQuoted: write(form.doubleQuoted)
        case .literal: emitLiteral(form.text, indent: indent + 2)
        }
    }

    /// One line, or broken at single spaces past column 80, which a reader folds back into spaces.
    private mutating func emitFolding(_ text: [UInt8], indent: Int, folds: Bool) {
        for (index, byte) in text.enumerated() {
            let isLoneSpace =
                byte == 0x20 && index > 0 && index + 1 < text.count && text[index - 1] != 0x20
                && text[index + 1] != 0x20
            if folds, isLoneSpace, column > 80 {
                breakLine()
                pad(indent)
            } else {
                output.append(byte)
                if byte & 0xc0 != 0x80 { column += 1 }
            }
        }
    }

    private mutating func emitLiteral(_ text: [UInt8], indent: Int) {
        write("|")
        if text.first == 0x20 || text.first == 0x0a { write("2") }
        let trailing = text.reversed().prefix { $0 == 0x0a }.count
        if trailing == 0 { write("-") }
        if trailing > 1 || trailing == text.count { write("+") }
        let body = trailing > 0 ? text.dropLast() : text[...]
        for line in body.split(separator: 0x0a, omittingEmptySubsequences: false) {
            breakLine()
            guard !line.isEmpty else { continue }
            pad(indent)
            output.append(contentsOf: line)
        }
    }

    private mutating func pad(_ count: Int) {
        output.append(contentsOf: repeatElement(0x20, count: count))
        column += count
    }

    private mutating func breakLine() {
        output.append(0x0a)
        column = 0
    }

    private mutating func write(_ text: String) {
        output.append(contentsOf: text.utf8)
        column += text.unicodeScalars.count
    }

    private static func text(of number: Double) -> String { JSONValue.double(number).text() }
}

/// The order in which kubectl prints keys: letters after everything else, runs of digits by their value.
enum YAMLKeyOrder {
    static func precedes(_ one: String, _ other: String) -> Bool {
        let left = Array(one.unicodeScalars)
        let right = Array(other.unicodeScalars)
        guard let index = zip(left, right).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset else {
            return left.count < right.count
        }
        let (first, second) = (left[index], right[index])
        let (firstIsLetter, secondIsLetter) = (first.properties.isAlphabetic, second.properties.isAlphabetic)
        if firstIsLetter && secondIsLetter { return first < second }
        if firstIsLetter || secondIsLetter {
            // After a digit the number has ended where a letter follows: the shorter number comes first.
            let endsNumber = index > 0 && isDigit(left[index - 1])
            return endsNumber ? firstIsLetter : secondIsLetter
        }
        if isDigit(first) || isDigit(second) {
            // The run of digits around the difference decides: first by its length, then by its digits.
            let leftRun = digits(of: left, from: index)
            let rightRun = digits(of: right, from: index)
            if leftRun != rightRun { return leftRun < rightRun }
        }
        return first < second
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func digits(of text: [Unicode.Scalar], from index: Int) -> Int {
        text[index...].prefix(while: isDigit).count
    }
}
