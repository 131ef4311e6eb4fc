/// PEM blocks (RFC 7468, strict form): no headers, no text between the lines, 64-column base64 or shorter lines.
package struct PEMBlock: Sendable, Hashable {
    /// The label, such as `PUBLIC KEY`.
    package let label: String
    /// The decoded bytes.
    package let bytes: [UInt8]

    /// A block of known content.
    package init(label: String, bytes: [UInt8]) {
        self.label = label
        self.bytes = bytes
    }

    /// The block as text, lines of 64 characters, with a line feed at its end.
    package var text: String {
        var text = "-----BEGIN \(label)-----\n"
        let encoded = Array(Base64.encode(bytes).utf8)
        for start in stride(from: 0, to: encoded.count, by: 64) {
            text += String(decoding: encoded[start..<min(start + 64, encoded.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }

    /// Every block of `text`, in order. White space, and explanatory text before a block, are skipped as RFC 7468 has it.
    /// - Parameter limit: how many blocks there may be.
    /// - Throws: `CryptographyError` (`.pem`) when there is no block, one is malformed or there are more than `limit`.
    package static func parseAll(_ text: [UInt8], limit: Int = 64) throws(CryptographyError) -> [PEMBlock] {
        var blocks: [PEMBlock] = []
        var label: String?
        var body: [UInt8] = []
        for line in text.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) {
            let line = trimmed(line)
            if let current = label {
                if let end = marker("END", line) {
                    guard end.utf8.elementsEqual(current.utf8) else {
                        throw CryptographyError(.pem, "a PEM block that begins as one label ends as another")
                    }
                    guard let bytes = Base64.decode(body), !bytes.isEmpty else {
                        throw CryptographyError(.pem, "the PEM block '\(current)' holds no valid base64")
                    }
                    guard blocks.count < limit else {  // check: pem-limit
                        throw CryptographyError(.pem, "there are more than \(limit) PEM blocks")
                    }
                    blocks.append(PEMBlock(label: current, bytes: bytes))
                    label = nil
                    body = []
                } else {
                    body.append(contentsOf: line)
                }
            } else if let begin = marker("BEGIN", line) {
                label = begin
            }
        }
        if let label { throw CryptographyError(.pem, "the PEM block '\(label)' has no end") }
        guard !blocks.isEmpty else { throw CryptographyError(.pem, "there is no PEM block in it") }
        return blocks
    }

    private static func marker(_ word: String, _ line: ArraySlice<UInt8>) -> String? {
        let prefix = Array("-----\(word) ".utf8)
        let suffix = Array("-----".utf8)
        guard line.count > prefix.count + suffix.count, line.starts(with: prefix), line.suffix(5).elementsEqual(suffix)
        else { return nil }
        let label = line.dropFirst(prefix.count).dropLast(suffix.count)
        guard label.count <= 64, label.allSatisfy({ (0x20...0x7e).contains($0) }) else { return nil }
        return String(decoding: label, as: UTF8.self)
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let last = line.last, last == 0x20 || last == 0x09 { line.removeLast() }
        while let first = line.first, first == 0x20 || first == 0x09 { line.removeFirst() }
        return line
    }
}
