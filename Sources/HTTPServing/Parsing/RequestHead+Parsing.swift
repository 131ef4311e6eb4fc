internal import Core

extension RequestHead {
    /// Parses a head (RFC 9112, sections 2 to 6), strictly: what two readers of HTTP could understand in two ways is
    /// refused, because a proxy in front might be the other reader.
    /// - Parameter bytes: the lines, each with its CRLF, without the empty line at the end.
    init(parsing bytes: ArraySlice<UInt8>, limits: RequestLimits) throws(RequestFailure) {
        var position = bytes.startIndex
        let requestLine = try Self.line(of: bytes, from: &position)
        let (method, target, isVersion10) = try Self.requestLine(requestLine)

        var lines: [HTTPFields.Field] = []
        lines.reserveCapacity(16)
        while position < bytes.endIndex {
            guard lines.count < limits.headerCount else {
                throw RequestFailure(status: 431, message: "more than \(limits.headerCount) header fields")
            }
            lines.append(try Self.field(try Self.line(of: bytes, from: &position)))
        }
        try Self.checkHost(lines, isVersion10: isVersion10)
        let (authority, path, query) = try Self.target(target, method: method)
        var fields = HTTPFields(lines)
        // Whoever asks for the host is told what the target names, and nothing else (RFC 9112, section 3.2.2).
        if let authority { fields["Host"] = authority }

        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.isVersion10 = isVersion10
        content = try Self.content(lines, isVersion10: isVersion10, limit: limits.bodyBytes)
        expectsContinue = try Self.expectation(lines) && !isVersion10
        keepsAlive = Self.keepsAlive(lines, isVersion10: isVersion10)
    }

    /// The next line without its CRLF; a CR or LF anywhere else is an error.
    private static func line(
        of bytes: ArraySlice<UInt8>, from position: inout Int
    ) throws(RequestFailure) -> ArraySlice<UInt8> {
        let start = position
        var index = start
        while index < bytes.endIndex, bytes[index] != .carriageReturn {
            if bytes[index] == .lineFeed { throw .bad("a line ends without a carriage return") }
            index += 1
        }
        guard index + 1 < bytes.endIndex, bytes[index + 1] == .lineFeed else {
            throw .bad("a carriage return stands alone")
        }
        position = index + 2
        return bytes[start..<index]
    }

    private static func requestLine(
        _ line: ArraySlice<UInt8>
    ) throws(RequestFailure) -> (method: String, target: ArraySlice<UInt8>, isVersion10: Bool) {
        guard let first = line.firstIndex(of: .space) else { throw .bad("malformed request line") }
        let method = line[..<first]
        guard (1...32).contains(method.count), method.allSatisfy(\.isTokenByte) else {
            throw .bad("malformed method")
        }
        let rest = line[(first + 1)...]
        guard let second = rest.firstIndex(of: .space) else { throw .bad("malformed request line") }
        let target = rest[..<second]
        guard !target.isEmpty, target.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw .bad("malformed request target")
        }
        let version = Array(rest[(second + 1)...])
        guard version.count == 8, version.starts(with: "HTTP/".utf8), version[5].isDigit,
            version[6] == UInt8(ascii: "."),
            version[7].isDigit
        else { throw .bad("malformed HTTP version") }
        guard version[5] == UInt8(ascii: "1") else {
            throw RequestFailure(status: 505, message: "only HTTP/1.1 and HTTP/1.0 are spoken here")
        }
        return (String(decoding: method, as: UTF8.self), target, version[7] == UInt8(ascii: "0"))
    }

    private static func field(_ line: ArraySlice<UInt8>) throws(RequestFailure) -> HTTPFields.Field {
        // A line that starts with white space would continue the one before (obs-fold); its first byte is no token byte.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(\.isTokenByte)
        else { throw .bad("malformed header field") }
        var value = line[(colon + 1)...]
        while let byte = value.first, byte.isBlank { value.removeFirst() }
        while let byte = value.last, byte.isBlank { value.removeLast() }
        guard value.allSatisfy(\.isFieldValueByte) else { throw .bad("a header field holds a control character") }
        return HTTPFields.Field(
            name: String(decoding: line[..<colon], as: UTF8.self), value: String(decoding: value, as: UTF8.self))
    }

    private static func checkHost(_ lines: [HTTPFields.Field], isVersion10: Bool) throws(RequestFailure) {
        let hosts = lines.filter { HTTPFields.same($0.name, "Host") }
        guard hosts.count <= 1 else { throw .bad("more than one Host") }
        guard let host = hosts.first?.value else {
            if isVersion10 { return }
            throw .bad("no Host")
        }
        guard host.utf8.count <= maximumHostLength, host.utf8.allSatisfy(\.isHostByte) else {
            throw .bad("malformed Host")
        }
    }

    private static let maximumHostLength = 261

    /// Splits the target: origin form, absolute form, or `*` for OPTIONS.
    /// - Returns: the authority only for the absolute form, where it goes before the Host field.
    private static func target(
        _ target: ArraySlice<UInt8>, method: String
    ) throws(RequestFailure) -> (authority: String?, path: String, query: String?) {
        var origin = target
        var authority: String?
        if target.first != UInt8(ascii: "/") {
            if method == "OPTIONS", target.elementsEqual("*".utf8) { return (nil, "*", nil) }
            let scheme = "http://"
            guard String(decoding: target.prefix(scheme.utf8.count), as: UTF8.self).lowercased() == scheme else {
                throw .bad("the request target is neither a path nor an http URL")
            }
            let rest = target.dropFirst(scheme.utf8.count)
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
            // An empty host has to be refused (RFC 9110, section 4.2.1), and so has a user (section 4.2.4).
            let host = rest[..<end]
            guard (1...maximumHostLength).contains(host.count), host.first != UInt8(ascii: ":"),
                host.allSatisfy(\.isHostByte)
            else { throw .bad("the request target names no usable host") }
            authority = String(decoding: host, as: UTF8.self)
            origin = rest[end...]
        }
        let mark = origin.firstIndex(of: UInt8(ascii: "?"))
        let path = origin[..<(mark ?? origin.endIndex)]
        return (
            authority, path.isEmpty ? "/" : String(decoding: path, as: UTF8.self),
            mark.map { String(decoding: origin[($0 + 1)...], as: UTF8.self) }
        )
    }
}
