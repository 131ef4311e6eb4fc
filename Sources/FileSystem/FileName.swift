/// A name within a folder: text of ours, or the bytes that an archive or a folder gave.
package protocol FileName {
    /// The name's bytes, without a terminator.
    var nameBytes: [UInt8] { get }
}

extension String: FileName {
    package var nameBytes: [UInt8] { [UInt8](utf8) }
}

extension Array: FileName where Element == UInt8 {
    package var nameBytes: [UInt8] { self }
}

extension FileName {
    /// The name for messages: at most 256 bytes of it, control characters replaced.
    package var printable: String {
        let bytes = nameBytes
        let shown = bytes.prefix(256).map { $0 < 0x20 || $0 == 0x7f ? UInt8(ascii: "?") : $0 }
        return String(decoding: shown, as: UTF8.self) + (bytes.count > 256 ? "..." : "")
    }

    /// Whether this can name something in a folder: one path component that does not lead out of it.
    package var isSingleComponent: Bool {
        let bytes = nameBytes
        return !bytes.isEmpty && !bytes.contains(UInt8(ascii: "/")) && !bytes.contains(0)
            && !bytes.elementsEqual(".".utf8) && !bytes.elementsEqual("..".utf8)
    }

    /// Hands `body` the name as C wants it, or the empty name, which the system refuses, when this is no single component.
    func withTerminatedName<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe withTerminated(isSingleComponent ? nameBytes : [], body)
    }
}

/// Hands `body` the bytes with a terminator behind them.
func withTerminated<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    let terminated = bytes.map { CChar(bitPattern: $0) } + [0]
    return unsafe terminated.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { preconditionFailure("an array with a terminator is not empty") }
        return unsafe body(start)
    }
}
