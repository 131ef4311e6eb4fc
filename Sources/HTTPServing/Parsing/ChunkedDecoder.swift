/// Decodes the chunked transfer coding (RFC 9112, section 7.1), strictly; extensions and trailers are read and dropped.
struct ChunkedDecoder {
    private enum State {
        case size(value: Int, digits: Int)
        case sizeLineFeed(value: Int)
        case `extension`(value: Int)
        case data(remaining: Int)
        case dataReturn
        case dataLineFeed
        case trailerStart
        case trailerLine
        case trailerLineFeed
        case endLineFeed
        case done
    }

    private var state = State.size(value: 0, digits: 0)
    /// Bytes of extensions and trailers, which are bounded too.
    private var overhead = 0

    /// Takes bytes out of `input` from `position` on, appends content to `body`; true when the content is complete.
    mutating func decode(
        _ input: [UInt8], from position: inout Int, into body: inout [UInt8], limits: RequestLimits
    ) throws(RequestFailure) -> Bool {
        while position < input.count {
            if case .done = state { return true }
            if case .data(let remaining) = state {
                let count = min(remaining, input.count - position)
                body.append(contentsOf: input[position..<(position + count)])
                position += count
                state = count == remaining ? .dataReturn : .data(remaining: remaining - count)
                continue
            }
            let byte = input[position]
            position += 1
            try step(byte, bodyCount: body.count, limits: limits)
        }
        if case .done = state { return true }
        return false
    }

    private mutating func step(_ byte: UInt8, bodyCount: Int, limits: RequestLimits) throws(RequestFailure) {
        switch state {
        case .size(let value, let digits):
            if let digit = byte.hexadecimalValue {
                guard digits < 15 else { throw .bad("malformed chunk size") }
                let size = value << 4 | digit
                guard size <= limits.bodyBytes - bodyCount else {
                    throw RequestFailure(status: 413, message: "the content is larger than \(limits.bodyBytes) bytes")
                }
                state = .size(value: size, digits: digits + 1)
            } else if digits > 0, byte == .carriageReturn {
                state = .sizeLineFeed(value: value)
            } else if digits > 0, byte == UInt8(ascii: ";") {
                state = .extension(value: value)
            } else {
                throw .bad("malformed chunk size")
            }
        case .extension(let value):
            try count(limits)
            if byte == .carriageReturn {
                state = .sizeLineFeed(value: value)
            } else if !byte.isFieldValueByte {
                throw .bad("malformed chunk extension")
            }
        case .sizeLineFeed(let value):
            try expect(byte, .lineFeed)
            state = value == 0 ? .trailerStart : .data(remaining: value)
        case .dataReturn:
            try expect(byte, .carriageReturn)
            state = .dataLineFeed
        case .dataLineFeed:
            try expect(byte, .lineFeed)
            state = .size(value: 0, digits: 0)
        case .trailerStart:
            try count(limits)
            if byte == .carriageReturn { state = .endLineFeed; return }
            guard byte.isTokenByte else { throw .bad("malformed trailer") }
            state = .trailerLine
        case .trailerLine:
            try count(limits)
            if byte == .carriageReturn {
                state = .trailerLineFeed
            } else if !byte.isFieldValueByte {
                throw .bad("malformed trailer")
            }
        case .trailerLineFeed:
            try expect(byte, .lineFeed)
            state = .trailerStart
        case .endLineFeed:
            try expect(byte, .lineFeed)
            state = .done
        case .data, .done:
            break
        }
    }

    private func expect(_ byte: UInt8, _ expected: UInt8) throws(RequestFailure) {
        guard byte == expected else { throw .bad("malformed chunk") }
    }

    private mutating func count(_ limits: RequestLimits) throws(RequestFailure) {
        overhead += 1
        guard overhead <= limits.headerBytes else {
            throw RequestFailure(status: 431, message: "chunk extensions or trailers are too long")
        }
    }
}
