/// TCP connections over loopback, as the kernel lists them.
enum Connections {
    /// The client ports of connections to `port`: those that are open, and those closed in the last minute.
    static func clients(of port: Int) -> Set<Int> {
        var clients: Set<Int> = []
        for line in ProcFile.text("/proc/net/tcp").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[3] != "0A", let local = number(fields[1]), let remote = number(fields[2])
            else { continue }
            if remote == port { clients.insert(local) }
            if local == port { clients.insert(remote) }
        }
        return clients
    }

    private static func number(_ address: Substring) -> Int? {
        address.split(separator: ":").last.flatMap { Int($0, radix: 16) }
    }
}
