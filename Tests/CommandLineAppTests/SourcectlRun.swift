import CommandLineApp
import Core

/// `sourcectl` run within the test.
struct SourcectlRun {
    let code: Int32
    let output: String
    let progress: String

    /// Runs a command.
    /// - Parameter typing: what a person types at each prompt, in order; nil without a terminal.
    init(_ arguments: [String], environment: [String: String] = [:], typing: [String]? = nil) async {
        let output = Locked<[String]>([])
        let progress = Locked<[String]>([])
        var streams = CommandLineApp.Streams(
            output: { line in output.withLock { $0.append(line) } },
            error: { line in progress.withLock { $0.append(line) } })
        if let typing {
            let rest = Locked(typing[...])
            streams.readPassword = { prompt in
                progress.withLock { $0.append(prompt) }
                return Array((rest.withLock { $0.popFirst() } ?? "").utf8)
            }
        }
        code = await CommandLineApp(environment: environment, streams: streams).run(arguments)
        self.output = output.current.joined(separator: "\n")
        self.progress = progress.current.joined(separator: "\n")
    }
}
