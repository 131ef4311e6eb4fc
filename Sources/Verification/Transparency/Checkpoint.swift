internal import Core
internal import Cryptography

/// A log's statement of its size and root hash: a signed note (c2sp.org/tlog-checkpoint, c2sp.org/signed-note).
struct Checkpoint: Sendable {
    /// One signature line.
    struct Line: Sendable {
        let name: String
        let keyID: [UInt8]
        let signature: [UInt8]
    }

    let origin: String
    let treeSize: Int64
    let rootHash: [UInt8]
    let lines: [Line]
    private let signedText: [UInt8]

    private static let maximumLines = 64

    init(parsing note: String) throws(Rejection) {
        let bytes = Array(note.utf8)
        // The text ends with the newline before the last blank line.
        guard let blank = Self.lastBlankLine(of: bytes) else { throw Self.malformed("it has no signatures") }
        signedText = Array(bytes[...blank])
        let text = signedText.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast()
        guard text.count >= 3, let first = text.first, !first.isEmpty else {
            throw Self.malformed("its body is too short")
        }
        let fields = text.map { String(decoding: $0, as: UTF8.self) }
        origin = fields[0]
        guard let size = Int64(fields[1]), size > 0, String(size) == fields[1] else {
            throw Self.malformed("its size is no number")
        }
        treeSize = size
        guard let root = Base64.decode(fields[2]), root.count == 32 else {
            throw Self.malformed("its root hash is no SHA-256 hash")
        }
        rootHash = root
        let signatures = bytes[(blank + 2)...].split(separator: 0x0a, omittingEmptySubsequences: true)
        guard bytes.last == 0x0a else {  // check: checkpoint-newline
            throw Self.malformed("it ends without a newline")
        }
        guard signatures.count <= Self.maximumLines else {  // check: checkpoint-lines
            throw Self.malformed("it has more than \(Self.maximumLines) signatures")
        }
        var lines: [Line] = []
        for line in signatures { lines.append(try Self.line(line)) }
        self.lines = lines
    }

    /// Whether this is a checkpoint of a tree of Rekor version 1, whose origins are `<host> - <tree>`.
    var isOfVersion1: Bool {
        let parts = origin.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[parts.count - 2] == "-", let tree = parts.last, !tree.isEmpty else {
            return false
        }
        return tree.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Whether the line's signature is the key's.
    func isSigned(by key: PublicKey, _ line: Line) -> Bool {
        key.isValidSignature(line.signature, over: signedText, key.kind.defaultAlgorithm)
    }

    private static func line(_ bytes: ArraySlice<UInt8>) throws(Rejection) -> Line {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.elementsEqual("\u{2014}".utf8), !parts[1].isEmpty,
            let signature = Base64.decode(parts[2]), signature.count > 4
        else { throw malformed("a signature line is malformed") }
        return Line(name: String(parts[1]), keyID: Array(signature.prefix(4)), signature: Array(signature.dropFirst(4)))
    }

    private static func lastBlankLine(of bytes: [UInt8]) -> Int? {
        guard bytes.count >= 2 else { return nil }
        return (0..<(bytes.count - 1)).last { bytes[$0] == 0x0a && bytes[$0 + 1] == 0x0a }
    }

    private static func malformed(_ what: String) -> Rejection {
        Rejection(.logProof, "the log's checkpoint is malformed: \(what)")
    }
}
