internal import CommandLineParsing
internal import Core
internal import OCI
internal import RegistryClient

/// What `sourcectl` does: finds the command, reads its flags, runs it.
package struct CommandLineApp: Sendable {
    /// The text that a command writes: results to one stream, progress and errors to the other.
    package struct Streams: Sendable {
        package var output: @Sendable (String) -> Void
        package var error: @Sendable (String) -> Void
        /// Asks for a password with the given prompt; blocks. Nil when nobody is there to be asked.
        package var readPassword: (@Sendable (String) throws -> [UInt8])?

        /// Streams; each call gets whole lines.
        package init(
            output: @escaping @Sendable (String) -> Void, error: @escaping @Sendable (String) -> Void,
            readPassword: (@Sendable (String) throws -> [UInt8])? = nil
        ) {
            self.output = output
            self.error = error
            self.readPassword = readPassword
        }
    }

    private let environment: [String: String]
    private let streams: Streams
    private let time: any TimeSource

    /// An app that reads `environment` (proxies, `DOCKER_CONFIG`, `HOME`, `TMPDIR`, `COSIGN_PASSWORD`).
    package init(environment: [String: String], streams: Streams) {
        self.environment = environment
        self.streams = streams
        time = SystemTime()
    }

    private static let commands: [any Command] = [
        PushArtifact(), PullArtifact(), TagArtifact(), ListArtifacts(), SignArtifact(), VerifyArtifact(),
        VerifyBundle(), GenerateKeyPair(),
    ]

    /// Runs the command that `arguments` (without the program's name) name.
    /// - Returns: the exit code: 0 for success, 1 for a failure, 2 for wrong use.
    package func run(_ arguments: [String]) async -> Int32 {
        guard let command = Self.commands.first(where: { arguments.starts(with: $0.path) }) else {
            return overview(arguments)
        }
        let context = CommandContext(environment: environment, streams: streams, time: time)
        do {
            let flags = try command.flags.parse(
                Array(arguments.dropFirst(command.path.count)), environment: environment)
            switch flags.wantedHelp {
            case .text:
                streams.output(Self.help(of: command))
                return 0
            case .markdown:
                streams.output(command.flags.markdown())
                return 0
            case nil: break
            }
            try await command.run(flags, context)
            return 0
        } catch let error as CommandLineError {
            context.fail("\(error.message)\nRun 'sourcectl \(command.path.joined(separator: " ")) --help' for usage.")
            return 2
        } catch let error as RegistryError {
            context.fail(error.detailed)
            return 1
        } catch let error as OCIError {
            context.fail("\(error)\(CommandAdvice.ending(error))")
            return 1
        } catch {
            context.fail("\(error)")
            return 1
        }
    }

    private func overview(_ arguments: [String]) -> Int32 {
        let names = Self.commands.map { $0.path.joined(separator: " ") }
        let width = (names.map(\.count).max() ?? 0) + 3
        let lines = zip(names, Self.commands).map { name, command in
            "  " + name + String(repeating: " ", count: width - name.count) + command.summary
        }
        let text = """
            sourcectl publishes, signs, verifies and inspects OCI artifacts.

            Usage: sourcectl <command> [flags]

            Commands:
            \(lines.joined(separator: "\n"))

            Run 'sourcectl <command> --help' for a command's flags, 'sourcectl --version' for the version.
            """
        if arguments == ["--version"] {
            streams.output("sourcectl \(ProductVersion.current)")
            return 0
        }
        let words = arguments.prefix { !$0.hasPrefix("-") }
        if words.isEmpty, arguments.isEmpty || arguments.contains("--help") || arguments.contains("-h") {
            streams.output(text)
            return arguments.isEmpty ? 2 : 0
        }
        let given = words.prefix(2).joined(separator: " ")
        let hint = Suggestion.closest(to: given, among: names).map { "; did you mean '\($0)'?" } ?? ""
        streams.error("✗ unknown command: '\(RemoteText.printable(given, limit: 100))'\(hint)\n\(text)")
        return 2
    }

    private static func help(of command: any Command) -> String {
        """
        \(command.summary)

        Usage: sourcectl \((command.path + [command.usage]).joined(separator: " ")) [flags]

        Flags:
        \(command.flags.helpText())
        """
    }
}
