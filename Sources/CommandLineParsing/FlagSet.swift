/// The flags of one command.
package struct FlagSet: Sendable {
    /// The flags in the order they were added.
    package private(set) var definitions: [FlagDefinition] = []

    /// No flags but `--help`.
    package init() {}

    /// Adds a flag and returns it, as the key to its value in `ParsedFlags`.
    /// - Precondition: no flag of the set has its name or shorthand.
    @discardableResult
    package mutating func add<Value>(_ flag: Flag<Value>) -> Flag<Value> {
        let new = flag.definition
        precondition(
            !definitions.contains {
                $0.name == new.name || ($0.shorthand != nil && $0.shorthand == new.shorthand)
            } && new.name != "help", "flag --\(new.name) is defined twice")
        definitions.append(new)
        return flag
    }

    /// Reads `arguments` (without the program's name) by pflag's rules: flags anywhere, `--` ends them, `--flag=value` and
    /// `--flag value`, `--flag` for booleans, `-f value`, `-fvalue` and `-abc` for shorthands, the last one wins.
    /// - Throws: `CommandLineError` for the first mistake, naming flag and value.
    package func parse(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws(CommandLineError) -> ParsedFlags {
        var texts: [String: [String]] = [:]
        var parsed = ParsedFlags()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                parsed.arguments += rest
                break
            } else if argument.hasPrefix("--") {
                try parseLong(argument, &rest, &texts, &parsed)
            } else if argument.hasPrefix("-"), argument.utf8.count > 1 {
                try parseShort(argument, &rest, &texts, &parsed)
            } else {
                parsed.arguments.append(argument)
            }
        }
        for definition in definitions {
            let origin: String
            let values: [String]
            if let given = texts[definition.name] {
                (origin, values) = ("--\(definition.name)", given)
                parsed.given.insert(definition.name)
            } else if let variable = definition.environment, let value = environment[variable], !value.isEmpty {
                (origin, values) = (variable, [value])
            } else {
                continue
            }
            do {
                parsed.values[definition.name] = try definition.parse(values)
            } catch {
                let shown = definition.traits.isSecret ? "" : " '\(Self.shortened(values.last ?? ""))'"
                throw CommandLineError(.invalidValue, "invalid value\(shown) for \(origin): \(error.reason)")
            }
            if let reason = definition.traits.withoutEffect {
                parsed.withoutEffect.append("\(origin) has no effect: \(reason)")
            }
        }
        return parsed
    }

    private func parseLong(
        _ argument: String, _ rest: inout ArraySlice<String>, _ texts: inout [String: [String]],
        _ parsed: inout ParsedFlags
    ) throws(CommandLineError) {
        let body = argument.dropFirst(2)
        let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        if name == "help" {
            guard let format = HelpFormat(rawValue: parts.count == 2 ? String(parts[1]) : "text") else {
                throw CommandLineError(
                    .invalidValue,
                    "invalid value '\(Self.shortened(String(parts[1])))' for --help: must be text or markdown")
            }
            parsed.wantedHelp = format
            return
        }
        guard let definition = definitions.first(where: { $0.name == name }) else { throw unknown("--\(name)", name) }
        if parts.count == 2 {
            record(String(parts[1]), for: definition, in: &texts)
        } else {
            try recordNext(for: definition, named: "--\(name)", &rest, &texts)
        }
    }

    private func parseShort(
        _ argument: String, _ rest: inout ArraySlice<String>, _ texts: inout [String: [String]],
        _ parsed: inout ParsedFlags
    ) throws(CommandLineError) {
        var letters = argument.dropFirst()
        while let letter = letters.popFirst() {
            guard let definition = definitions.first(where: { $0.shorthand == letter }) else {
                guard letter == "h" else { throw unknown("-\(letter)", String(argument.drop { $0 == "-" })) }
                parsed.wantedHelp = .text
                continue
            }
            if letters.first == "=" {
                record(String(letters.dropFirst()), for: definition, in: &texts)
                return
            } else if definition.traits.isBoolean {
                record("true", for: definition, in: &texts)
            } else if !letters.isEmpty {
                record(String(letters), for: definition, in: &texts)
                return
            } else {
                try recordNext(for: definition, named: "-\(letter)", &rest, &texts)
            }
        }
    }

    private func recordNext(
        for definition: FlagDefinition, named name: String, _ rest: inout ArraySlice<String>,
        _ texts: inout [String: [String]]
    ) throws(CommandLineError) {
        if definition.traits.isBoolean {
            record("true", for: definition, in: &texts)
        } else if let next = rest.popFirst() {
            record(next, for: definition, in: &texts)
        } else {
            throw CommandLineError(.missingValue, "flag needs an argument: \(name)")
        }
    }

    private func record(_ text: String, for definition: FlagDefinition, in texts: inout [String: [String]]) {
        texts[definition.name, default: []].append(text)
    }

    private func unknown(_ shown: String, _ name: String) -> CommandLineError {
        let suggestion = Suggestion.closest(to: name, among: definitions.map(\.name) + ["help"])
        let hint = suggestion.map { "; did you mean --\($0)?" } ?? ""
        return CommandLineError(.unknownFlag, "unknown flag: \(Self.shortened(shown))\(hint)")
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count <= 200 ? text : String(text.prefix(200)) + "..."
    }
}

/// How help is printed.
package enum HelpFormat: String, Sendable {
    /// Aligned lines for a terminal.
    case text
    /// A table, for documentation.
    case markdown
}

/// What a command line said.
package struct ParsedFlags: Sendable {
    /// What was left over, in order.
    package internal(set) var arguments: [String] = []
    /// The help that was asked for: `--help`, `-h` or `--help=markdown`.
    package internal(set) var wantedHelp: HelpFormat?
    /// A line for the log for every flag that was given but does nothing.
    package internal(set) var withoutEffect: [String] = []
    var values: [String: any Sendable] = [:]
    var given: Set<String> = []

    init() {}

    /// The flag's value: from the command line, else the environment, else its default.
    package subscript<Value>(flag: Flag<Value>) -> Value {
        values[flag.definition.name] as? Value ?? flag.defaultValue
    }

    /// Whether the command line (not the environment) set the flag.
    package func isGiven<Value>(_ flag: Flag<Value>) -> Bool { given.contains(flag.definition.name) }
}
