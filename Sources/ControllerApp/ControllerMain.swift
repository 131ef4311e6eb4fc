internal import Allocator
internal import CommandLineParsing
internal import Core
internal import FoundationEssentials
internal import Glibc

/// `source-controller` from its command line to its exit code.
package enum ControllerMain {
    /// The version that `--version` and the log show.
    package static let version = ProductVersion.current

    /// Runs the controller until a signal ends it.
    /// - Returns: 0 after an orderly end, 1 after a failure, 2 for a wrong command line.
    package static func run(
        arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment
    ) async -> Int32 {
        // Two arenas keep a thousand objects some 3 MiB smaller, and take no measurable time.
        Allocator.limitArenas(to: 2)
        let flags = ControllerFlags()
        let values: ParsedFlags
        let configuration: ControllerConfiguration
        do throws(CommandLineError) {
            values = try flags.set.parse(arguments, environment: environment)
            switch values.wantedHelp {
            case .text:
                write("Usage: source-controller [flags]\n\n\(flags.set.helpText())\n", to: STDOUT_FILENO)
                return 0
            case .markdown:
                write(flags.set.markdown() + "\n", to: STDOUT_FILENO)
                return 0
            case nil: break
            }
            if values[flags.version] {
                write("source-controller \(version)\n", to: STDOUT_FILENO)
                return 0
            }
            configuration = try ControllerConfiguration(flags: flags, values: values, environment: environment)
        } catch {
            write("source-controller: \(error)\nSee 'source-controller --help'.\n", to: STDERR_FILENO)
            return 2
        }
        let logger = Logger(
            level: Logger.Level(rawValue: values[flags.logLevel]) ?? .info,
            encoding: Logger.Encoding(rawValue: values[flags.logEncoding]) ?? .json, sink: StandardErrorSink())
        for line in values.withoutEffect { logger.info(line) }
        do {
            try await ControllerProcess(configuration: configuration, environment: environment, logger: logger).run()
            return 0
        } catch {
            logger.error("The controller ended", error: error)
            return 1
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = [UInt8](text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
