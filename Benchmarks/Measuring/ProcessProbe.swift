import Foundation

/// What the kernel says about a process.
struct ProcessProbe: Sendable {
    let pid: Int32

    /// Processor time of all its threads so far, in seconds.
    var processorTime: Double {
        // The name in parentheses may hold anything; what is counted comes after it.
        let fields = ProcFile.text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private var status: String { ProcFile.text("/proc/\(pid)/status") }

    /// Resident memory now, in MiB.
    var residentMemory: Double { Double(ProcFile.number("VmRSS", in: status) ?? 0) / 1024 }
    /// The most resident memory since the start, or since `resetPeak()`, in MiB.
    var peakMemory: Double { Double(ProcFile.number("VmHWM", in: status) ?? 0) / 1024 }
    var threads: Int { ProcFile.number("Threads", in: status) ?? 0 }

    /// Lets `peakMemory` begin anew.
    func resetPeak() {
        guard let file = FileHandle(forWritingAtPath: "/proc/\(pid)/clear_refs") else { return }
        try? file.write(contentsOf: Data("5".utf8))
        try? file.close()
    }

    /// How often its threads went to sleep so far. Threads that have ended are not counted.
    var voluntarySwitches: [String: Int] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        var switches: [String: Int] = [:]
        for task in tasks {
            let status = ProcFile.text("/proc/\(pid)/task/\(task)/status")
            switches[task] = ProcFile.number("voluntary_ctxt_switches", in: status)
        }
        return switches
    }

    /// Wake-ups of all threads between two readings of `voluntarySwitches`.
    static func wakeups(from before: [String: Int], to after: [String: Int]) -> Int {
        after.reduce(0) { $0 + $1.value - (before[$1.key] ?? 0) }
    }
}
