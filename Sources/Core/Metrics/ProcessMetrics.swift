internal import Glibc

extension MetricsRegistry {
    /// Adds the `process_` metrics that Prometheus' client libraries have, read from `/proc` at each exposition. What
    /// cannot be read keeps its last value.
    package func addProcessMetrics() {
        let cpu = gauge(
            "process_cpu_seconds_total", help: "Total user and system CPU time spent in seconds.", kind: .counter)
        let resident = gauge("process_resident_memory_bytes", help: "Resident memory size in bytes.")
        let virtual = gauge("process_virtual_memory_bytes", help: "Virtual memory size in bytes.")
        let open = gauge("process_open_fds", help: "Number of open file descriptors.")
        let maximum = gauge("process_max_fds", help: "Maximum number of open file descriptors.")
        let start = gauge(
            "process_start_time_seconds", help: "Start time of the process since unix epoch in seconds.")

        let bootTime = ProcessStatistics.bootTime()
        onExposition {
            if let statistics = ProcessStatistics.current() {
                cpu.set(to: statistics.cpuSeconds)
                resident.set(to: statistics.residentBytes)
                virtual.set(to: statistics.virtualBytes)
                if let bootTime { start.set(to: bootTime + statistics.startSecondsAfterBoot) }
            }
            if let count = ProcessStatistics.openDescriptors() { open.set(to: Double(count)) }
            if let limit = ProcessStatistics.descriptorLimit() { maximum.set(to: limit) }
        }
    }
}

/// What the kernel says about this process (proc(5)).
struct ProcessStatistics {
    let cpuSeconds: Double
    let startSecondsAfterBoot: Double
    let virtualBytes: Double
    let residentBytes: Double

    static func current() -> ProcessStatistics? {
        read("/proc/self/stat").flatMap {
            parse(stat: $0, ticks: sysconf(Int32(_SC_CLK_TCK)), page: sysconf(Int32(_SC_PAGESIZE)))
        }
    }

    /// Parses `/proc/<pid>/stat`; the command, in parentheses, may hold spaces and parentheses itself.
    static func parse(stat: [UInt8], ticks: Int, page: Int) -> ProcessStatistics? {
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")), ticks > 0 else { return nil }
        // The field after the command is the third.
        let fields = stat[(end + 1)...].split(whereSeparator: { $0 == 0x20 || $0 == 0x0a })
        func field(_ number: Int) -> Double? {
            let index = number - 3
            return index < fields.count ? Double(String(decoding: fields[index], as: UTF8.self)) : nil
        }
        guard let user = field(14), let system = field(15), let start = field(22), let virtual = field(23),
            let resident = field(24)
        else { return nil }
        return ProcessStatistics(
            cpuSeconds: (user + system) / Double(ticks), startSecondsAfterBoot: start / Double(ticks),
            virtualBytes: virtual, residentBytes: resident * Double(page))
    }

    /// Seconds since the epoch at which the machine started.
    static func bootTime() -> Double? {
        value(after: "btime", in: read("/proc/stat") ?? [])
    }

    /// The soft limit of open files.
    static func descriptorLimit() -> Double? {
        value(after: "Max open files", in: read("/proc/self/limits") ?? [])
    }

    /// The first number of the line that starts with `name`.
    static func value(after name: String, in text: [UInt8]) -> Double? {
        for line in text.split(separator: 0x0a) where line.starts(with: name.utf8) {
            let rest = line.dropFirst(name.utf8.count).split(separator: 0x20)
            return rest.first.flatMap { Double(String(decoding: $0, as: UTF8.self)) }
        }
        return nil
    }

    /// The number of open files, without the one that looking takes.
    static func openDescriptors() -> Int? {
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        // `.`, `..` and the folder's own descriptor are among them.
        var count = -3
        while unsafe readdir(folder) != nil { count += 1 }
        return count
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        // A machine with very many processors has a /proc/stat of some hundred kilobytes.
        while text.count < 4 << 20 {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            text.append(contentsOf: chunk[..<count])
        }
        return text
    }
}
