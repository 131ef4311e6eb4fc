internal import Glibc

/// The terminal that the process belongs to, whatever its standard streams lead to.
package enum Terminal {
    private static let interrupt: UInt8 = 0x03
    private static let endOfInput: UInt8 = 0x04
    private static let eraseLine: UInt8 = 0x15

    /// Asks for a password and reads it without showing it. Blocks until a line was typed.
    /// - Returns: what was typed, at most 1024 bytes.
    /// - Throws: `TerminalError` when there is no terminal, or the person gave up.
    package static func readPassword(prompt: String) throws(TerminalError) -> [UInt8] {
        let device = unsafe open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard device >= 0 else { throw TerminalError.noTerminal }
        defer { _ = close(device) }
        var original = termios()
        guard unsafe tcgetattr(device, &original) == 0 else { throw TerminalError.noTerminal }
        var silent = original
        // Without signals by key, nothing ends the process while the terminal is silent.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        unsafe withUnsafeMutableBytes(of: &silent.c_cc) { controls in
            unsafe controls[Int(VMIN)] = 1
            unsafe controls[Int(VTIME)] = 0
        }
        guard unsafe tcsetattr(device, TCSAFLUSH, &silent) == 0 else { throw TerminalError.noTerminal }
        defer { _ = unsafe tcsetattr(device, TCSAFLUSH, &original) }
        put(prompt, device)
        defer { put("\n", device) }
        return try readLine(device)
    }

    private static func readLine(_ device: Int32) throws(TerminalError) -> [UInt8] {
        var line: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = unsafe read(device, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { throw TerminalError.cancelled }
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return line
            case interrupt, endOfInput: throw TerminalError.cancelled
            case eraseLine: line = []
            case 0x08, 0x7f:
                // A whole character, not only the last byte of its UTF-8.
                while let last = line.popLast(), last & 0xc0 == 0x80 {}
            default: if line.count < 1024 { line.append(byte) }
            }
        }
    }

    private static func put(_ text: String, _ device: Int32) {
        let bytes = Array(text.utf8)
        _ = unsafe write(device, bytes, bytes.count)
    }
}

/// Why nothing was read from the terminal.
package enum TerminalError: Error, Sendable, Hashable {
    /// The process has no terminal to ask at.
    case noTerminal
    /// The person ended the input.
    case cancelled
}
