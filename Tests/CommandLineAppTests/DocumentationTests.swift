import CommandLineApp
import Core
import TestSupport
import Testing

@Suite("docs/cli.md")
struct DocumentationTests {
    private func output(_ arguments: [String]) async -> String {
        let output = Locked<[String]>([])
        let app = CommandLineApp(
            environment: [:],
            streams: CommandLineApp.Streams(
                output: { line in output.withLock { $0.append(line) } }, error: { _ in }))
        _ = await app.run(arguments)
        return output.current.joined(separator: "\n")
    }

    @Test("It lists every command, with its flags as they are")
    func commands() async throws {
        let page = try DocumentationPage("docs/cli.md")
        let lines = await output(["--help"]).split(separator: "\n", omittingEmptySubsequences: false)
        // The overview's lines are `  push artifact   What it does`.
        let commands = lines.filter { $0.hasPrefix("  ") }.map { line in
            line.dropFirst(2).split(separator: " ").prefix { !($0.first?.isUppercase == true) }.joined(separator: " ")
        }
        #expect(commands.contains("push artifact"))
        for command in commands {
            let flags = await output(command.split(separator: " ").map(String.init) + ["--help=markdown"])
            #expect(
                page.flags(of: "sourcectl \(command)") == flags,
                "docs/cli.md is stale: give '\(command)' a section, then run 'make docs'")
        }
    }
}
