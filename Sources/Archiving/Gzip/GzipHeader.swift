internal import CISAL

/// Reads the header of one gzip member (RFC 1952, section 2.3) byte by byte; keeps nothing of it.
struct GzipHeader {
    /// What is wrong with a header.
    enum Failure: String, Error {
        case magic = "no magic number"
        case method = "unknown compression method"
        case flags = "reserved flags are set"
        case checksum = "wrong header checksum"
    }

    static let magic: (UInt8, UInt8) = (0x1f, 0x8b)

    private enum Part {
        case fixed(Int)
        case extraLength([UInt8])
        case extra(Int)
        case name
        case comment
        case checksum([UInt8])
    }

    private static let hasChecksum: UInt8 = 2
    private static let hasExtra: UInt8 = 4
    private static let hasName: UInt8 = 8
    private static let hasComment: UInt8 = 16
    private static let reserved: UInt8 = 0xe0

    private var part = Part.fixed(0)
    private var flags: UInt8 = 0
    private var crc: UInt32 = 0

    /// A reader at the first byte.
    init() {}

    /// A reader behind the two bytes of the magic number.
    init(afterMagic: Void) {
        update(Self.magic.0)
        update(Self.magic.1)
        part = .fixed(2)
    }

    /// Takes the next byte; true when it was the last of the header.
    mutating func take(_ byte: UInt8) throws(Failure) -> Bool {
        if case .checksum(let bytes) = part {
            guard let first = bytes.first else {
                part = .checksum([byte])
                return false
            }
            guard UInt16(first) | UInt16(byte) << 8 == UInt16(truncatingIfNeeded: crc) else { throw .checksum }
            return true
        }
        update(byte)
        switch part {
        case .fixed(let index):
            switch index {
            case 0: if byte != Self.magic.0 { throw .magic }
            case 1: if byte != Self.magic.1 { throw .magic }
            case 2: if byte != 8 { throw .method }
            case 3:
                if byte & Self.reserved != 0 { throw .flags }
                flags = byte
            default: break
            }
            if index < 9 {
                part = .fixed(index + 1)
                return false
            }
            return next(after: 0)
        case .extraLength(let bytes):
            guard let first = bytes.first else {
                part = .extraLength([byte])
                return false
            }
            let length = Int(first) | Int(byte) << 8
            guard length > 0 else { return next(after: Self.hasExtra) }
            part = .extra(length)
            return false
        case .extra(let left):
            if left > 1 {
                part = .extra(left - 1)
                return false
            }
            return next(after: Self.hasExtra)
        case .name: return byte == 0 ? next(after: Self.hasName) : false
        case .comment: return byte == 0 ? next(after: Self.hasComment) : false
        case .checksum: return true
        }
    }

    private mutating func next(after done: UInt8) -> Bool {
        if done < Self.hasExtra && flags & Self.hasExtra != 0 {
            part = .extraLength([])
        } else if done < Self.hasName && flags & Self.hasName != 0 {
            part = .name
        } else if done < Self.hasComment && flags & Self.hasComment != 0 {
            part = .comment
        } else if flags & Self.hasChecksum != 0 {
            part = .checksum([])
        } else {
            return true
        }
        return false
    }

    private mutating func update(_ byte: UInt8) {
        unsafe withUnsafePointer(to: byte) { unsafe crc = crc32_gzip_refl(crc, $0, 1) }
    }
}
