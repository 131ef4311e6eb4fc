internal import CSpawn
internal import Glibc

/// Moves bytes between us and a running program until it ends, the time is over, or it says too much.
struct Exchange {
    private let job: SubprocessJob
    private let process: Int32
    private let deadline: ContinuousClock.Instant
    private var sent = 0
    private(set) var output: [UInt8] = []
    private(set) var errorOutput: [UInt8] = []

    init(job: SubprocessJob, process: Int32) {
        self.job = job
        self.process = process
        deadline = .now + job.timeout
    }

    /// - Returns: why the program must be killed, or nil once it ended.
    mutating func work(input: inout Pipe, output: inout Pipe, error: inout Pipe) -> SubprocessError? {
        let wantsRead = Int16(POLLIN)
        while true {
            if sent == job.input.count { input.writeEnd = nil }
            // Without a process descriptor (old kernels), closed pipes are the sign of the end.
            if process < 0, output.readEnd == nil, error.readEnd == nil { return nil }
            // Entries of -1 are skipped by poll(2).
            var entries = [
                pollfd(fd: input.writeEnd?.number ?? -1, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: output.readEnd?.number ?? -1, events: wantsRead, revents: 0),
                pollfd(fd: error.readEnd?.number ?? -1, events: wantsRead, revents: 0),
                pollfd(fd: process, events: wantsRead, revents: 0),
                pollfd(fd: job.cancellation.descriptor, events: wantsRead, revents: 0),
            ]
            let remaining = ContinuousClock.now.duration(to: deadline)
            guard remaining > .zero else {
                return SubprocessError(.timeout, "program '\(job.path)' did not end within \(job.timeout)")
            }
            let wait = remaining / .milliseconds(1)
            _ = unsafe poll(&entries, nfds_t(entries.count), Int32(min(wait + 1, 60_000)))
            if entries[4].revents != 0 { return SubprocessError(.cancelled, "program '\(job.path)' was cancelled") }
            if entries[0].revents != 0, let pipe = input.writeEnd?.number, !send(to: pipe) { input.writeEnd = nil }
            if let failure = readAll(entries, &output, &error) { return failure }
            if entries[3].revents != 0 {
                // What it wrote before it ended may still be in the pipes; a grandchild that holds them is not waited for.
                let everything = entries.map { pollfd(fd: $0.fd, events: 0, revents: wantsRead) }
                return readAll(everything, &output, &error)
            }
        }
    }

    private mutating func readAll(_ entries: [pollfd], _ output: inout Pipe, _ error: inout Pipe) -> SubprocessError? {
        if entries[1].revents != 0, let pipe = output.readEnd?.number {
            if !receive(from: pipe, into: &self.output, limit: job.outputLimit + 1) { output.readEnd = nil }
            guard self.output.count <= job.outputLimit else {
                return SubprocessError(
                    .outputLimit, "program '\(job.path)' wrote more than \(job.outputLimit) bytes of output")
            }
        }
        if entries[2].revents != 0, let pipe = error.readEnd?.number {
            if !receive(from: pipe, into: &errorOutput, limit: job.outputLimit) { error.readEnd = nil }
        }
        return nil
    }

    /// - Returns: whether the program still reads.
    private mutating func send(to pipe: Int32) -> Bool {
        let rest = Array(job.input[sent...].prefix(16 << 10))
        let count = unsafe cspawn_write(pipe, rest, rest.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        sent += count
        return true
    }

    /// Reads what is there; bytes over `limit` are dropped.
    /// - Returns: whether more may come.
    private func receive(from pipe: Int32, into bytes: inout [UInt8], limit: Int) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        // Bounded rounds: a program that writes for ever must not keep us from looking at the clock.
        for _ in 0..<64 {
            let count = unsafe read(pipe, &buffer, buffer.count)
            if count == 0 { return false }
            guard count > 0 else { return errno == EAGAIN || errno == EINTR }
            bytes.append(contentsOf: buffer.prefix(min(count, max(0, limit - bytes.count))))
        }
        return true
    }
}
