internal import CommandLineApp
internal import Core
internal import Glibc
internal import Subprocesses
internal import Terminal

private let standardError = StandardErrorSink()
private let app = CommandLineApp(
    environment: ProcessEnvironment.current,
    streams: CommandLineApp.Streams(
        output: { print($0) }, error: { standardError.write(Array("\($0)\n".utf8)) },
        readPassword: { try Terminal.readPassword(prompt: $0) }))
exit(await app.run(Array(CommandLine.arguments.dropFirst())))
