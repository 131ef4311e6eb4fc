internal import OCI

/// A key of a pull secret's `auths`: which repositories its credential is for.
///
/// `[scheme://]host[:port][/path]`; labels of the host may be globs (`*.azurecr.io`, `*` stays within its label); the path
/// is a prefix of whole components. Docker Hub's names and the API versions that old tools append are normalised.
struct PullSecretKey: Sendable, Hashable {
    private let labels: [[UInt8]]
    private let port: Int?
    private let path: [Substring]
    private let isLiteral: Bool
    private let literalLength: Int

    /// Nil for a text without a host.
    init?(_ text: String) {
        guard text.utf8.count <= 1024 else { return nil }
        var rest = Substring(text)
        var defaultPort: Int?
        for (scheme, port) in [("https://", 443), ("http://", 80)] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            defaultPort = port
            break
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var components = rest[slash...].split(separator: "/")
        if let first = components.first, first == "v1" || first == "v2" { components.removeFirst() }
        path = components
        var host = rest[..<slash].lowercased()
        var number: Int?
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            guard let parsed = Int(host[host.index(after: colon)...]), (1...65_535).contains(parsed) else { return nil }
            number = parsed
            host = String(host[..<colon])
        }
        guard !host.isEmpty else { return nil }
        if ["docker.io", "registry-1.docker.io"].contains(host) { host = RepositoryReference.dockerHub }
        port = number == defaultPort ? nil : number
        labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Array($0) }
        isLiteral = !host.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
        literalLength = host.utf8.count { $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "?") }
    }

    func matches(_ repository: RepositoryReference) -> Bool {
        let registry = repository.registry.lowercased()
        let portless =
            repository.port == nil ? registry : String(registry[..<(registry.lastIndex(of: ":") ?? registry.endIndex)])
        let others = portless.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard others.count == labels.count, samePort(repository.port) else { return false }
        guard zip(labels, others).allSatisfy({ Self.glob($0, Array($1)) }) else { return false }
        return repository.path.split(separator: "/").starts(with: path)
    }

    /// Whether this key says more about a repository that both match: a longer path, then a host without globs, then more
    /// literal characters.
    func isMoreSpecific(than other: PullSecretKey) -> Bool {
        (path.count, isLiteral ? 1 : 0, literalLength, port == nil ? 0 : 1)
            > (other.path.count, other.isLiteral ? 1 : 0, other.literalLength, other.port == nil ? 0 : 1)
    }

    private func samePort(_ other: Int?) -> Bool { (port ?? 443) == (other ?? 443) }

    /// `*` for any characters, `?` for one, in linear time.
    private static func glob(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var (p, t) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                p = last.pattern + 1
                t = last.text + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
