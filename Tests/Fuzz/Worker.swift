import Cryptography
import Foundation
import FuzzTargets
import Glibc

/// Works through the inputs of one target in this process. It ends with a crash where a reader does.
struct Worker {
    /// What a worker says on standard output when it is done.
    struct Summary: Codable {
        var inputs: UInt64
        var accepted: UInt64
        var seconds: Double
        /// Resident memory in KiB, once everything was used a few times and at the end.
        var memoryBefore: Int
        var memoryAfter: Int
    }

    let options: Options
    let target: FuzzTarget

    func run() async throws {
        let file = unsafe open(options.progress, O_WRONLY | O_CLOEXEC)
        defer { close(file) }
        let run = try await FuzzRun(target, seed: options.seed)
        let begin = ContinuousClock.now
        var summary = Summary(inputs: 0, accepted: 0, seconds: 0, memoryBefore: 0, memoryAfter: 0)
        var share = 0.0
        while share < 1 {
            // Before the reader sees it: what it does then may be the last thing that this process does.
            unsafe withUnsafeBytes(of: summary.inputs) { _ = unsafe pwrite(file, $0.baseAddress, $0.count, 0) }
            alarm(options.patience)
            if try await run.step(summary.inputs) { summary.accepted += 1 }
            summary.inputs += 1
            let elapsed = (ContinuousClock.now - begin) / .seconds(1)
            share = options.seconds.map { elapsed / $0 } ?? Double(summary.inputs) / Double(options.inputs)
            if summary.memoryBefore == 0, share >= 0.25 { summary.memoryBefore = Self.memory }
            summary.seconds = elapsed
        }
        alarm(0)
        summary.memoryAfter = Self.memory
        FileHandle.standardOutput.write(try JSONEncoder().encode(summary))
    }

    func show() async throws {
        let run = try await FuzzRun(target, seed: options.seed)
        let input = run.input(options.input)
        print("from '\(input.from.name)', \(input.bytes.count) bytes in base64:\n\(Base64.encode(input.bytes))")
        do {
            print("accepted: \(try await target.judge(input.bytes, input.from))")
        } catch {
            print("refused: \(error)")
        }
    }

    private static var memory: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
