internal import CZlib

/// Packs bytes as one gzip member with zlib. The same bytes in give the same bytes out, however they are cut into
/// pieces: fixed level and buffer sizes, no time and no name in the header.
///
/// Used by one thread at a time.
@safe
package struct GzipWriter: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private var output: [UInt8]
    /// Bytes handed out so far.
    package private(set) var packedSize: Int64 = 0

    /// A writer at the start of its member.
    package init() {
        output = [UInt8](repeating: 0, count: 64 * 1024)
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for a gzip header whose time is zero and which has no name.
        let status = unsafe deflateInit2_(
            stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot start: wrong version or no memory")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Packs the next bytes and hands what comes out to `sink`, in pieces.
    /// - Throws: what `sink` throws.
    package mutating func write(
        _ input: Span<UInt8>, _ sink: (Span<UInt8>) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        var offset = 0
        while offset < input.count {
            // zlib counts in 32 bits.
            let end = min(input.count, offset + Int(Int32.max))
            try run(input.extracting(offset..<end), Z_NO_FLUSH, sink)
            offset = end
        }
    }

    /// Ends the member; nothing can be written after that.
    /// - Throws: what `sink` throws.
    package mutating func finish(_ sink: (Span<UInt8>) throws(ArchiveError) -> Void) throws(ArchiveError) {
        try run([UInt8]().span, Z_FINISH, sink)
    }

    private mutating func run(
        _ input: Span<UInt8>, _ flush: Int32, _ sink: (Span<UInt8>) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        var offset = 0
        while true {
            let (consumed, produced) = unsafe input.extracting(offset...).withUnsafeBufferPointer { input in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    // zlib does not write through next_in; its type only lacks the const.
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                    unsafe stream.pointee.avail_in = UInt32(input.count)
                    unsafe stream.pointee.next_out = output.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(output.count)
                    let status = unsafe deflate(stream, flush)
                    precondition(status != Z_STREAM_ERROR, "zlib's state is damaged")
                    return unsafe (
                        input.count - Int(stream.pointee.avail_in), output.count - Int(stream.pointee.avail_out)
                    )
                }
            }
            offset += consumed
            packedSize += Int64(produced)
            if produced > 0 { try sink(output.span.extracting(..<produced)) }
            if offset == input.count && produced < output.count { return }
        }
    }
}
