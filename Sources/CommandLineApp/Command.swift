internal import CommandLineParsing
internal import Core

/// One command of `sourcectl`.
protocol Command: Sendable {
    /// The words that name it.
    var path: [String] { get }
    /// What follows the words: `oci://<repository>:<tag>`.
    var usage: String { get }
    /// One line about what it does.
    var summary: String { get }
    var flags: FlagSet { get }
    func run(_ flags: ParsedFlags, _ context: CommandContext) async throws
}

/// What a command works with.
struct CommandContext: Sendable {
    let environment: [String: String]
    let streams: CommandLineApp.Streams
    let time: any TimeSource

    /// Says what is being done.
    func note(_ text: String) { streams.error("► \(text)") }
    /// Says what was done.
    func succeed(_ text: String) { streams.error("✔ \(text)") }
    /// Says what went wrong.
    func fail(_ text: String) { streams.error("✗ \(text)") }
}

extension ParsedFlags {
    /// The only argument.
    /// - Throws: `CommandLineError` if there is none, or more than one.
    func onlyArgument(_ name: String) throws(CommandLineError) -> String {
        guard let first = arguments.first else { throw CommandLineError(.arguments, "\(name) is required") }
        guard arguments.count == 1 else {
            throw CommandLineError(
                .arguments, "unexpected argument '\(RemoteText.printable(arguments[1], limit: 100))' behind the \(name)"
            )
        }
        return first
    }
}

/// Why a command could not do what it was asked; the process ends with exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
