internal import Core

/// Writes response heads (RFC 9112, section 4).
enum ResponseHead {
    /// How the end of the content is marked.
    enum Framing: Equatable {
        /// There is no content and nothing to say about it.
        case none
        case length(Int64)
        case chunked
        /// The end of the connection is the end of the content (HTTP/1.0).
        case untilClose
    }

    /// Whether every field could be sent as it is: no line break smuggles in a second field or response.
    static func isValid(_ fields: HTTPFields) -> Bool {
        fields.allSatisfy { field in
            !field.name.isEmpty && field.name.utf8.allSatisfy(\.isTokenByte)
                && field.value.utf8.allSatisfy(\.isFieldValueByte)
        }
    }

    /// Appends the head. `date` is a complete Date line.
    static func append(
        to buffer: inout [UInt8], status: Int, fields: HTTPFields, framing: Framing, connection: StaticString?,
        date: [UInt8]
    ) {
        append("HTTP/1.1 ", to: &buffer)
        append(Int64(status), to: &buffer)
        buffer.append(.space)
        append(reason(status), to: &buffer)
        append("\r\n", to: &buffer)
        buffer.append(contentsOf: date)
        for field in fields where !isOwn(field.name) {
            buffer.append(contentsOf: field.name.utf8)
            append(": ", to: &buffer)
            buffer.append(contentsOf: field.value.utf8)
            append("\r\n", to: &buffer)
        }
        switch framing {
        case .none, .untilClose: break
        case .length(let count):
            append("Content-Length: ", to: &buffer)
            append(count, to: &buffer)
            append("\r\n", to: &buffer)
        case .chunked: append("Transfer-Encoding: chunked\r\n", to: &buffer)
        }
        if let connection {
            append("Connection: ", to: &buffer)
            append(connection, to: &buffer)
            append("\r\n", to: &buffer)
        }
        append("\r\n", to: &buffer)
    }

    /// Whether the server alone decides about a field.
    private static func isOwn(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: HTTPFields.same(name, "Date")
        case 10: HTTPFields.same(name, "Connection") || HTTPFields.same(name, "Keep-Alive")
        case 14: HTTPFields.same(name, "Content-Length")
        case 17: HTTPFields.same(name, "Transfer-Encoding")
        default: false
        }
    }

    private static func append(_ text: StaticString, to buffer: inout [UInt8]) {
        text.withUTF8Buffer { unsafe buffer.append(contentsOf: $0) }
    }

    private static func append(_ number: Int64, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: String(number).utf8)
    }

    /// The phrase for a status code (RFC 9110, section 15).
    private static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
