internal import Core

/// One flag of a command, with the type of its value: `--name=value` or `--name value`, as Go's pflag reads them.
package struct Flag<Value: Sendable>: Sendable {
    package let definition: FlagDefinition
    /// What the flag is worth where neither the command line nor the environment sets it.
    package let defaultValue: Value

    /// A flag whose text `parse` turns into a value.
    /// - Parameters:
    ///   - placeholder: how help names the value, such as `duration`.
    ///   - shownDefault: the default as help and documentation show it; empty for none.
    ///   - isRepeatable: whether giving the flag again adds to its value; then `parse` gets every text in order.
    ///   - parse: reads the texts (one, unless repeatable); throws `FlagValueError` for a wrong one.
    package init(
        _ name: String, shorthand: Character? = nil, placeholder: String, default defaultValue: Value,
        shownDefault: String, environment: String? = nil, help: String, traits: FlagTraits = FlagTraits(),
        parse: @escaping @Sendable ([String]) throws(FlagValueError) -> Value
    ) {
        definition = FlagDefinition(
            name: name, shorthand: shorthand, placeholder: placeholder, shownDefault: shownDefault,
            environment: environment, help: help, traits: traits,
            parse: { texts throws(FlagValueError) in try parse(texts) })
        self.defaultValue = defaultValue
    }
}

/// A flag without its value's type: what parsing, help and documentation need.
package struct FlagDefinition: Sendable {
    package let name: String
    package let shorthand: Character?
    package let placeholder: String
    package let shownDefault: String
    /// The environment variable that sets the flag where the command line does not; an empty one counts as unset.
    package let environment: String?
    package let help: String
    package let traits: FlagTraits
    let parse: @Sendable ([String]) throws(FlagValueError) -> any Sendable
}

/// How a flag differs from a plain one.
package struct FlagTraits: Sendable, Hashable {
    /// Whether `--flag` alone means true, so that the next argument is not its value.
    package var isBoolean: Bool
    /// Whether every occurrence counts; else the last one wins.
    package var isRepeatable: Bool
    /// Whether the value is kept out of error messages.
    package var isSecret: Bool
    /// Set for a flag that is accepted only for compatibility: why it has no effect.
    package var withoutEffect: String?

    /// Traits; a plain flag's without arguments.
    package init(
        isBoolean: Bool = false, isRepeatable: Bool = false, isSecret: Bool = false, withoutEffect: String? = nil
    ) {
        self.isBoolean = isBoolean
        self.isRepeatable = isRepeatable
        self.isSecret = isSecret
        self.withoutEffect = withoutEffect
    }
}

/// What is wrong with a flag's value, to be completed with the flag's name: `must be from 1 to 10`.
package struct FlagValueError: Error, Sendable, Hashable {
    package let reason: String

    /// A reason such as `must be a whole number`.
    package init(_ reason: String) { self.reason = reason }
}
