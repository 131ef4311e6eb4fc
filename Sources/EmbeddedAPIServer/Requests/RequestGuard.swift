package import Core

/// Keeps browsers out: the server has no authentication, and a page from anywhere can make a browser send requests to
/// loopback. A page cannot do so without an `Origin`, or, after rebinding a name of its own, without that name in `Host`.
package enum RequestGuard {
    /// Why a request with these header fields is refused; nil: it is not.
    package static func refusal(of headers: HTTPFields) -> String? {
        if headers["Origin"] != nil {
            return "requests with an Origin header are refused: this API has no authentication and is not for browsers"
        }
        let hosts = headers.values(of: "Host")
        guard hosts.count == 1, isLoopback(host: hosts[0]) else {
            let shown = hosts.first.map { " '\($0.prefix(80).filter { $0.isASCII && !$0.isNewline })'" } ?? ""
            return "the Host header\(shown) does not name loopback; use 127.0.0.1, [::1] or localhost"
        }
        return nil
    }

    /// Whether `host` (with or without a port) is `localhost`, of 127.0.0.0/8, or `::1`.
    package static func isLoopback(host: String) -> Bool {
        var name = Substring(host)
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]"), isPort(name[name.index(after: end)...]) else { return false }
            return name[name.index(after: name.startIndex)..<end] == "::1"
        }
        if let colon = name.firstIndex(of: ":") {
            guard isPort(name[colon...]) else { return false }
            name = name[..<colon]
        }
        if name.utf8.elementsEqual("localhost".utf8) { return true }
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0].elementsEqual("127".utf8)
            && parts.allSatisfy { part in
                (1...3).contains(part.count)
                    && part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            }
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty
            || (text.utf8.count <= 6 && text.hasPrefix(":")
                && text.utf8.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    }
}
