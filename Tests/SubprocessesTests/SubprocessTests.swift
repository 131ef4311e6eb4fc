import Subprocesses
import Testing

@Suite("Helper programs")
struct SubprocessTests {
    private func shell(
        _ script: String, environment: [String: String] = [:], input: [UInt8] = [], timeout: Duration = .seconds(60),
        outputLimit: Int = 1 << 20
    ) async throws -> SubprocessResult {
        try await Subprocess.run(
            "/bin/sh", arguments: ["-c", script], environment: environment, input: input, timeout: timeout,
            outputLimit: outputLimit)
    }

    @Test("Output, standard error and exit code come back")
    func result() async throws {
        let result = try await shell("echo out; echo err >&2; exit 3")
        #expect(String(decoding: result.output, as: UTF8.self) == "out\n")
        #expect(String(decoding: result.errorOutput, as: UTF8.self) == "err\n")
        #expect(result.exit == .code(3) && !result.isSuccess)
        #expect(try await shell("kill -TERM $$").exit == .signal(15))
    }

    @Test("Input larger than a pipe passes through while output is read")
    func largeInput() async throws {
        let input = [UInt8](repeating: 7, count: 700_000)
        let result = try await shell("exec cat", environment: ["PATH": "/usr/bin:/bin"], input: input)
        #expect(result.output == input && result.isSuccess)
    }

    @Test("A program that reads no input is no error")
    func unreadInput() async throws {
        let result = try await shell("exit 0", input: [UInt8](repeating: 7, count: 1_000_000))
        #expect(result.isSuccess)
    }

    @Test("The environment is exactly the given one, and arguments are not interpreted")
    func environment() async throws {
        let result = try await Subprocess.run(
            "env", arguments: [], environment: ["A": "x y;$(id)"], timeout: .seconds(60))
        #expect(String(decoding: result.output, as: UTF8.self) == "A=x y;$(id)\n")
    }

    @Test("No descriptor but the three streams is inherited")
    func descriptors() async throws {
        let result = try await shell("for f in 3 4 5 6 7 8 9; do (true <&$f) 2>/dev/null && echo $f; done; true")
        #expect(result.output.isEmpty)
    }

    @Test("Too much output, too much time and cancellation kill the program and its children")
    func limits() async throws {
        for (script, timeout, code) in [
            ("while :; do echo flood; done", Duration.seconds(60), SubprocessError.Code.outputLimit),
            ("/bin/sleep 600 & wait", .milliseconds(200), .timeout),
        ] {
            let error = await #expect(throws: SubprocessError.self) {
                try await shell(script, timeout: timeout, outputLimit: 1000)
            }
            #expect(error?.code == code)
        }
        let task = Task { try await shell("exec /bin/sleep 600") }
        task.cancel()
        let error = await #expect(throws: SubprocessError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test("A grandchild that keeps the pipes open is not waited for")
    func grandchild() async throws {
        let result = try await shell("/bin/sleep 30 & echo done")
        #expect(String(decoding: result.output, as: UTF8.self) == "done\n")
    }

    @Test(
        "Missing programs, folders and plain files are errors that name them",
        arguments: ["no-such-program-here", "/nowhere/x", "/etc", "/etc/passwd", ""])
    func missing(program: String) async {
        let error = await #expect(throws: SubprocessError.self) {
            try await Subprocess.run(program, environment: [:], timeout: .seconds(1))
        }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains(program) == true)
    }
}
