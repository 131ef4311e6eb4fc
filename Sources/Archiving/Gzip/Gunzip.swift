/// Unpacks gzip (RFC 1952) piece by piece: all members, each one's header, CRC-32 and length checked.
///
/// Memory is one output buffer, however much the data unpacks to. Used by one thread at a time.
package struct Gunzip: ~Copyable {
    /// What a finished stream was.
    package struct Summary: Sendable, Hashable {
        /// Gzip members, at least 1.
        package let members: Int
        /// Bytes they unpacked to.
        package let unpackedSize: Int64
        /// Bytes behind the last member that belong to no member: padding or garbage.
        package let trailingBytes: Int64
    }

    private enum State {
        case header(GzipHeader)
        case body
        case trailer([UInt8])
        // Behind a member: the first byte of the next one's magic was seen or not.
        case between(sawMagic: Bool)
        case trailing
    }

    private var state = State.header(GzipHeader())
    private var inflater = Inflater()
    private var output: [UInt8]
    private var members = 0
    private var memberSize: UInt64 = 0
    /// Bytes unpacked so far.
    package private(set) var unpackedSize: Int64 = 0
    private var trailingBytes: Int64 = 0
    private var packedSize: Int64 = 0

    /// A decoder that hands out at most `outputSize` bytes at a time.
    package init(outputSize: Int = 128 * 1024) {
        output = [UInt8](repeating: 0, count: max(1024, outputSize))
    }

    /// Unpacks the next bytes and hands what comes out to `sink`, in pieces.
    /// - Throws: `notGzip`, `corruptGzip`, or what `sink` throws; the decoder is of no use after that.
    package mutating func consume(
        _ input: Span<UInt8>, _ sink: (Span<UInt8>) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        var offset = 0
        while offset < input.count {
            switch state {
            case .body: offset += try inflate(input.extracting(offset...), sink)
            case .trailing:
                trailingBytes += Int64(input.count - offset)
                packedSize += Int64(input.count - offset)
                return
            case .header, .trailer, .between:
                try take(input[offset])
                offset += 1
                packedSize += 1
            }
        }
    }

    /// Ends the stream.
    /// - Throws: `truncated` unless it ends behind a whole member.
    package mutating func finish() throws(ArchiveError) -> Summary {
        switch state {
        case .between(let sawMagic):
            return Summary(
                members: members, unpackedSize: unpackedSize, trailingBytes: trailingBytes + (sawMagic ? 1 : 0))
        case .trailing:
            return Summary(members: members, unpackedSize: unpackedSize, trailingBytes: trailingBytes)
        case .header where members == 0 && packedSize == 0:
            throw ArchiveError(.notGzip, "the data is empty, not a gzip stream")
        case .header, .body, .trailer:
            throw ArchiveError(.truncated, "the gzip data ends in the middle, after \(packedSize) bytes")
        }
    }

    private mutating func inflate(
        _ input: Span<UInt8>, _ sink: (Span<UInt8>) throws(ArchiveError) -> Void
    ) throws(ArchiveError) -> Int {
        var offset = 0
        while true {
            guard let step = inflater.step(input.extracting(offset...), into: &output) else {
                throw ArchiveError(
                    .corruptGzip, "the gzip data is damaged near byte \(packedSize + Int64(offset)) of the packed data")
            }
            offset += step.consumed
            memberSize += UInt64(step.produced)
            unpackedSize += Int64(step.produced)
            if step.produced > 0 { try sink(output.span.extracting(..<step.produced)) }
            if step.isFinished {
                packedSize += Int64(offset)
                // Whatever the decoder read too much is the start of the trailer: it never holds more than 8 bytes.
                state = .trailer([])
                for byte in inflater.takeUnread() { try take(byte) }
                return offset
            }
            // A full output buffer may hide more output even when no input is left.
            if offset == input.count && step.produced < output.count {
                packedSize += Int64(offset)
                return offset
            }
        }
    }

    private mutating func take(_ byte: UInt8) throws(ArchiveError) {
        switch state {
        case .header(var header):
            let isDone: Bool
            do {
                isDone = try header.take(byte)
            } catch {
                throw error == .magic && members == 0
                    ? ArchiveError(.notGzip, "the data does not start with the gzip magic number")
                    : ArchiveError(
                        .corruptGzip, "the header of gzip member \(members + 1) is damaged: \(error.rawValue)")
            }
            if isDone {
                inflater.restart()
                memberSize = 0
                state = .body
            } else {
                state = .header(header)
            }
        case .trailer(var bytes):
            bytes.append(byte)
            state = .trailer(bytes)
            if bytes.count == 8 { try checkTrailer(bytes) }
        case .between(sawMagic: false):
            if byte == GzipHeader.magic.0 {
                state = .between(sawMagic: true)
            } else {
                state = .trailing
                trailingBytes = 1
            }
        case .between(sawMagic: true):
            if byte == GzipHeader.magic.1 {
                state = .header(GzipHeader(afterMagic: ()))
            } else {
                state = .trailing
                trailingBytes = 2
            }
        case .body, .trailing:
            preconditionFailure("bytes of the body and behind the end are taken in bulk")
        }
    }

    private mutating func checkTrailer(_ bytes: [UInt8]) throws(ArchiveError) {
        func number(_ slice: ArraySlice<UInt8>) -> UInt32 {
            slice.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        members += 1
        guard number(bytes[0..<4]) == inflater.checksum else {
            throw ArchiveError(.corruptGzip, "the checksum of gzip member \(members) does not match its content")
        }
        guard number(bytes[4..<8]) == UInt32(truncatingIfNeeded: memberSize) else {
            throw ArchiveError(.corruptGzip, "the length of gzip member \(members) does not match its content")
        }
        state = .between(sawMagic: false)
    }
}
