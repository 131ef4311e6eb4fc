internal import CommandLineParsing
internal import HTTPTransport

/// The servers that flags name.
extension ControllerConfiguration {
    /// Checks their addresses: whoever mistypes one learns it at the start, and not from what fails later.
    static func checkServers(_ flags: ControllerFlags, _ values: ParsedFlags) throws(CommandLineError) {
        if !values[flags.eventsAddress].isEmpty { try checkURL(flags.eventsAddress, values) }
        try checkURL(flags.sigstoreTUFMirror, values)
        guard !values[flags.sigstoreTUFProxy].isEmpty else { return }
        do throws(ProxyError) { _ = try ProxyServer(parsing: values[flags.sigstoreTUFProxy]) } catch {
            throw refusal(flags.sigstoreTUFProxy, values, error.message)
        }
    }

    private static func checkURL(_ flag: Flag<String>, _ values: ParsedFlags) throws(CommandLineError) {
        do throws(URLFault) { try HTTPRequest.check(url: values[flag]) } catch {
            throw refusal(flag, values, error.description)
        }
    }

    /// The value may carry a user and a password, which go into no log.
    private static func refusal(
        _ flag: Flag<String>, _ values: ParsedFlags, _ reason: String
    ) -> CommandLineError {
        let shown = values[flag].utf8.contains(UInt8(ascii: "@")) ? "***" : values[flag]
        return CommandLineError(.invalidValue, "invalid value '\(shown)' for --\(flag.definition.name): \(reason)")
    }
}
