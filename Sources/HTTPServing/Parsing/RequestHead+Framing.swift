internal import Core

extension RequestHead {
    /// How long the content is (RFC 9112, section 6). Anything ambiguous is refused: that is how requests are smuggled.
    static func content(
        _ lines: [HTTPFields.Field], isVersion10: Bool, limit: Int
    ) throws(RequestFailure) -> Content {
        let lengths = lines.filter { HTTPFields.same($0.name, "Content-Length") }
        let encodings = lines.filter { HTTPFields.same($0.name, "Transfer-Encoding") }
        if let encoding = encodings.first {
            guard lengths.isEmpty else { throw .bad("both Transfer-Encoding and Content-Length") }
            guard !isVersion10 else { throw .bad("Transfer-Encoding in HTTP/1.0") }
            guard encodings.count == 1 else { throw .bad("more than one Transfer-Encoding") }
            guard HTTPFields.same(encoding.value, "chunked") else {
                throw RequestFailure(status: 501, message: "only the transfer encoding chunked is understood")
            }
            return .chunked
        }
        guard let length = lengths.first else { return .length(0) }
        guard lengths.count == 1 else { throw .bad("more than one Content-Length") }
        let digits = length.value.utf8
        guard !digits.isEmpty, digits.allSatisfy(\.isDigit) else { throw .bad("malformed Content-Length") }
        guard digits.count <= 18, let count = Int(length.value), count <= limit else {
            throw RequestFailure(status: 413, message: "the content is larger than \(limit) bytes")
        }
        return .length(count)
    }

    /// Whether the client expects `100 Continue`; any other expectation cannot be met.
    static func expectation(_ lines: [HTTPFields.Field]) throws(RequestFailure) -> Bool {
        guard let expectation = lines.first(where: { HTTPFields.same($0.name, "Expect") }) else { return false }
        guard HTTPFields.same(expectation.value, "100-continue") else {
            throw RequestFailure(status: 417, message: "only the expectation 100-continue is understood")
        }
        return true
    }

    /// Whether the client wants to use the connection again (RFC 9112, section 9.3).
    static func keepsAlive(_ lines: [HTTPFields.Field], isVersion10: Bool) -> Bool {
        var keepsAlive = !isVersion10
        for line in lines where HTTPFields.same(line.name, "Connection") {
            for option in line.value.utf8.split(separator: UInt8(ascii: ",")) {
                let text = String(
                    decoding: option.drop(while: \.isBlank).reversed().drop(while: \.isBlank).reversed(), as: UTF8.self)
                if HTTPFields.same(text, "close") { return false }
                if HTTPFields.same(text, "keep-alive") { keepsAlive = true }
            }
        }
        return keepsAlive
    }
}
