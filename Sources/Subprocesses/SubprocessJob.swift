internal import CSpawn
internal import Glibc

/// One run of a program, start to end, on a thread that may block.
struct SubprocessJob: Sendable {
    let path: String
    let arguments: [String]
    let environment: [String: String]
    let input: [UInt8]
    let timeout: Duration
    let outputLimit: Int
    let workingDirectory: String?
    let cancellation: CancellationSignal

    func run() throws(SubprocessError) -> SubprocessResult {
        var inputPipe = try Pipe()
        var outputPipe = try Pipe()
        var errorPipe = try Pipe()
        let process = try spawn(
            input: inputPipe.readEnd?.number ?? -1, output: outputPipe.writeEnd?.number ?? -1,
            error: errorPipe.writeEnd?.number ?? -1)
        // The program's ends are its own now; while ours stayed open no end of file would ever come.
        inputPipe.readEnd = nil
        outputPipe.writeEnd = nil
        errorPipe.writeEnd = nil
        let processDescriptor = FileDescriptor(cspawn_pidfd(process))
        var exchange = Exchange(job: self, process: processDescriptor.number)
        inputPipe.writeEnd?.makeNonBlocking()
        outputPipe.readEnd?.makeNonBlocking()
        errorPipe.readEnd?.makeNonBlocking()
        let failure = exchange.work(input: &inputPipe, output: &outputPipe, error: &errorPipe)
        if failure != nil { _ = kill(-process, SIGKILL) }
        let exit = reap(process)
        if let failure { throw failure }
        return SubprocessResult(exit: exit, output: exchange.output, errorOutput: exchange.errorOutput)
    }

    private func reap(_ process: pid_t) -> SubprocessResult.Exit {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        // The macros of <sys/wait.h>: the low seven bits are the signal, the next byte is the exit code.
        return status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
    }

    private func spawn(input: Int32, output: Int32, error: Int32) throws(SubprocessError) -> pid_t {
        var process: pid_t = 0
        let lines = environment.map { "\($0.key)=\($0.value)" }
        let result = unsafe withCStrings(arguments) { arguments in
            unsafe withCStrings(lines) { lines in
                unsafe cspawn_start(&process, path, arguments, lines, input, output, error, workingDirectory)
            }
        }
        guard result == 0 else {
            throw SubprocessError(.spawn, "program '\(path)' could not be started: \(SystemError.text(result))")
        }
        return process
    }

    private func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe body(pointers)
    }
}
