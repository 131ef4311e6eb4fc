internal import CISAL

/// ISA-L's decoder for one raw deflate stream (RFC 1951) at a time, with the CRC-32 of what it decoded.
@safe
struct Inflater: ~Copyable {
    struct Step {
        let consumed: Int
        let produced: Int
        let isFinished: Bool
    }

    private let state: UnsafeMutableRawPointer

    init() {
        unsafe state = .allocate(byteCount: cisal_inflate_size(), alignment: 64)
        unsafe cisal_inflate_start(state)
    }

    deinit {
        unsafe state.deallocate()
    }

    /// Starts a new stream.
    mutating func restart() {
        unsafe cisal_inflate_start(state)
    }

    /// Decodes from `input` into the start of `output` until one of them is used up or the stream ends; nil when the
    /// data is no deflate stream.
    mutating func step(_ input: Span<UInt8>, into output: inout [UInt8]) -> Step? {
        // The library counts in 32 bits.
        let inputCount = UInt32(clamping: input.count)
        let outputCount = UInt32(clamping: output.count)
        let step = unsafe input.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe cisal_inflate_step(state, input.baseAddress, inputCount, output.baseAddress, outputCount)
            }
        }
        guard step.status >= 0 else { return nil }
        return Step(consumed: Int(step.consumed), produced: Int(step.produced), isFinished: step.finished == 1)
    }

    /// CRC-32 of everything decoded since the start of the stream.
    var checksum: UInt32 { unsafe cisal_inflate_crc(state) }

    /// The bytes that the decoder took although they lie behind the end of its stream, at most 8.
    mutating func takeUnread() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 8) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            count = Int(unsafe cisal_inflate_take_unread(state, start))
        }
    }
}
