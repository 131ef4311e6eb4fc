internal import Core

/// Which header lines go out with a request.
enum RequestHeaders {
    /// Fields that follow from the body and the connection, and are the transport's to set.
    private static let owned = ["content-length", "transfer-encoding", "connection", "expect", "te", "upgrade"]

    /// - Throws: code `invalidRequest` for a method, name or value that could smuggle another line or request.
    static func validate(_ request: HTTPRequest) throws(HTTPTransportError) {
        guard isToken(request.method) else {
            throw HTTPTransportError(.invalidRequest, "cannot send a request: the method is no token", endpoint: nil)
        }
        for field in request.headers {
            guard isToken(field.name) else {
                throw HTTPTransportError(
                    .invalidRequest, "cannot send a request: a header's name is no token", endpoint: nil)
            }
            guard !field.value.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) else {
                throw HTTPTransportError(
                    .invalidRequest, "cannot send a request: header \(field.name) has a control character in its value",
                    endpoint: nil)
            }
        }
    }

    /// The lines as libcurl takes them: `Name: value`, `Name;` for an empty value, `Name:` to leave out one of its own.
    static func lines(of request: HTTPRequest, hostOverride: String?, userAgent: String) -> [String] {
        var lines: [String] = []
        for field in request.headers where !owned.contains(where: { HTTPFields.same($0, field.name) }) {
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        if request.headers["user-agent"] == nil { lines.append("User-Agent: \(userAgent)") }
        if request.headers["accept"] == nil { lines.append("Accept:") }
        if let hostOverride, request.headers["host"] == nil { lines.append("Host: \(hostOverride)") }
        lines.append("Expect:")
        return lines
    }

    /// RFC 9110, section 5.6.2.
    private static func isToken(_ text: String) -> Bool {
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        return !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: marks.contains(byte)
                }
            }
    }
}
