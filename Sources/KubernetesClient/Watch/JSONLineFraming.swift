/// Cuts a watch's bytes into lines, each one JSON text, and bounds their size.
package struct JSONLineFraming: Sendable {
    /// A line longer than the limit.
    package struct LineTooLong: Error, Sendable, Hashable {
        /// The limit in bytes.
        package let limit: Int
    }

    private let limit: Int
    private var buffer: [UInt8] = []
    private var start = 0
    /// Where the search for the next newline goes on: bytes before it hold none.
    private var searched = 0

    /// Lines of at most `limit` bytes.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Takes the next bytes.
    package mutating func append(_ bytes: [UInt8]) {
        if start > 0 {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        if buffer.isEmpty { buffer = bytes } else { buffer.append(contentsOf: bytes) }
    }

    /// The next whole line without its newline, or nil until more bytes come. Empty lines are skipped.
    /// - Throws: `LineTooLong`, also for a line that has not ended yet.
    package mutating func nextLine() throws(LineTooLong) -> [UInt8]? {
        while let newline = buffer[searched...].firstIndex(of: 0x0a) {
            let line = buffer[start..<newline]
            start = newline + 1
            searched = start
            guard line.count <= limit else { throw LineTooLong(limit: limit) }
            if !line.isEmpty, line != [0x0d] { return Array(line) }
        }
        searched = buffer.count
        guard buffer.count - start <= limit else { throw LineTooLong(limit: limit) }
        if start == buffer.count {
            buffer = []
            start = 0
            searched = 0
        }
        return nil
    }

    /// Whether bytes of an unfinished line are held.
    package var hasPartialLine: Bool { buffer[start...].contains { $0 != 0x0d && $0 != 0x0a } }
}
