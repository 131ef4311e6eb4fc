internal import Core

extension Flag where Value == Bool {
    /// A flag that is on or off: `--name`, `--name=false`.
    package static func bool(
        _ name: String, shorthand: Character? = nil, default value: Bool = false, environment: String? = nil,
        help: String, withoutEffect: String? = nil
    ) -> Flag {
        Flag(
            name, shorthand: shorthand, placeholder: "", default: value, shownDefault: value ? "true" : "",
            environment: environment, help: help, traits: FlagTraits(isBoolean: true, withoutEffect: withoutEffect)
        ) { texts throws(FlagValueError) in
            // The spellings of Go's strconv.ParseBool.
            switch texts.last {
            case "1", "t", "T", "true", "TRUE", "True": return true
            case "0", "f", "F", "false", "FALSE", "False": return false
            default: throw FlagValueError("must be true or false")
            }
        }
    }
}

extension Flag where Value == String {
    /// A text.
    /// - Parameter choices: the only values allowed; empty for any.
    package static func string(
        _ name: String, shorthand: Character? = nil, placeholder: String = "string", default value: String = "",
        choices: [String] = [], environment: String? = nil, help: String, isSecret: Bool = false,
        withoutEffect: String? = nil
    ) -> Flag {
        Flag(
            name, shorthand: shorthand,
            placeholder: choices.isEmpty ? placeholder : choices.filter { !$0.isEmpty }.joined(separator: "|"),
            default: value, shownDefault: value, environment: environment, help: help,
            traits: FlagTraits(isSecret: isSecret, withoutEffect: withoutEffect)
        ) { texts throws(FlagValueError) in
            let text = texts.last ?? ""
            guard choices.isEmpty || choices.contains(text) else {
                throw FlagValueError("must be one of \(choices.filter { !$0.isEmpty }.joined(separator: ", "))")
            }
            return text
        }
    }
}

extension Flag where Value == [String] {
    /// A text that may be given several times.
    /// - Parameter separator: splits each text further (pflag's string slices use a comma); nil takes texts whole.
    package static func strings(
        _ name: String, shorthand: Character? = nil, placeholder: String = "string", default value: [String] = [],
        separator: Character? = nil, environment: String? = nil, help: String, withoutEffect: String? = nil
    ) -> Flag {
        Flag(
            name, shorthand: shorthand, placeholder: placeholder, default: value,
            shownDefault: value.joined(separator: ","), environment: environment, help: help,
            traits: FlagTraits(isRepeatable: true, withoutEffect: withoutEffect)
        ) { texts throws(FlagValueError) in
            guard let separator else { return texts }
            return texts.flatMap { $0.split(separator: separator).map(String.init) }
        }
    }
}

extension Flag where Value == Int {
    /// A whole number.
    package static func integer(
        _ name: String, shorthand: Character? = nil, placeholder: String = "int", default value: Int,
        in range: ClosedRange<Int> = Int.min...Int.max, environment: String? = nil, help: String,
        withoutEffect: String? = nil
    ) -> Flag {
        Flag(
            name, shorthand: shorthand, placeholder: placeholder, default: value, shownDefault: String(value),
            environment: environment, help: help, traits: FlagTraits(withoutEffect: withoutEffect)
        ) { texts throws(FlagValueError) in
            guard let number = Int(texts.last ?? "") else { throw FlagValueError("must be a whole number") }
            guard range.contains(number) else {
                if range.upperBound == .max { throw FlagValueError("must be at least \(range.lowerBound)") }
                throw FlagValueError("must be from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }
}

extension Flag where Value == Double {
    /// A number.
    package static func number(
        _ name: String, placeholder: String = "float", default value: Double,
        in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
        environment: String? = nil, help: String, withoutEffect: String? = nil
    ) -> Flag {
        let shown = value.description.hasSuffix(".0") ? String(value.description.dropLast(2)) : value.description
        return Flag(
            name, placeholder: placeholder, default: value, shownDefault: shown, environment: environment, help: help,
            traits: FlagTraits(withoutEffect: withoutEffect)
        ) { texts throws(FlagValueError) in
            guard let number = Double(texts.last ?? ""), number.isFinite else {
                throw FlagValueError("must be a number")
            }
            guard range.contains(number) else {
                if range.upperBound == .greatestFiniteMagnitude {
                    throw FlagValueError("must be at least \(range.lowerBound)")
                }
                throw FlagValueError("must be from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }
}

extension Flag where Value == Duration {
    /// A Go duration such as `1h30m` or `750ms`.
    package static func duration(
        _ name: String, default value: Duration, atLeast minimum: Duration = .zero, environment: String? = nil,
        help: String, withoutEffect: String? = nil
    ) -> Flag {
        Flag(
            name, placeholder: "duration", default: value, shownDefault: GoDuration(value).description,
            environment: environment, help: help, traits: FlagTraits(withoutEffect: withoutEffect)
        ) { texts throws(FlagValueError) in
            let duration: Duration
            do {
                duration = try GoDuration(parsing: texts.last ?? "").duration
            } catch {
                throw FlagValueError("must be a duration such as 1h30m, 35s or 750ms")
            }
            guard duration >= minimum else { throw FlagValueError("must be at least \(GoDuration(minimum))") }
            return duration
        }
    }
}
