internal import COpenSSL

/// OpenSSL's per-thread queue of errors. Nothing may be left in it: a later call on the thread would report it as its own.
enum OpenSSLErrors {
    /// Empties the queue and returns the reasons, the deepest first; nil when there were none.
    static func drain() -> String? {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { break }
            guard reasons.count < 4, let reason = unsafe ERR_reason_error_string(code) else { continue }
            unsafe reasons.append(String(cString: reason))
        }
        return reasons.isEmpty ? nil : reasons.joined(separator: ", ")
    }

    /// ` (reasons)` from the drained queue, or nothing.
    static func suffix() -> String {
        drain().map { " (\($0))" } ?? ""
    }

    /// Empties the queue.
    static func clear() { ERR_clear_error() }
}
