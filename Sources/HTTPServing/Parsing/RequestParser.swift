/// Finds requests in the bytes of one connection. No I/O; bounded by its limits.
struct RequestParser {
    enum Step {
        /// The bytes so far are no complete request.
        case incomplete
        /// A complete request; bytes behind it stay for the next one.
        case request(RequestHead, body: [UInt8])
        /// The connection cannot be read any further.
        case failure(RequestFailure)
    }

    private enum State {
        case head
        case body(RequestHead, remaining: Int)
        case chunks(RequestHead, ChunkedDecoder)
    }

    private let limits: RequestLimits
    private var state = State.head
    private var input: [UInt8] = []
    /// Where the unread bytes start in `input`.
    private var position = 0
    /// How far the end of the head has been looked for.
    private var scanned = 0
    private var body: [UInt8] = []
    /// A client waits for `100 Continue`; the connection sends it and sets this to false.
    var wantsContinue = false

    init(limits: RequestLimits) {
        self.limits = limits
    }

    /// The number of bytes received that no request has used.
    var bufferedCount: Int { input.count - position }

    /// Whether part of a request has come in.
    var isInsideRequest: Bool {
        if case .head = state { return bufferedCount > 0 }
        return true
    }

    /// Whether a head is complete and its body is not.
    var isReadingBody: Bool {
        if case .head = state { return false }
        return true
    }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        if position == input.count {
            input.removeAll(keepingCapacity: input.capacity <= 16_384)
            position = 0
            scanned = 0
        } else if position >= 16_384 {
            // A client that always sends ahead never lets the buffer run empty.
            input.removeFirst(position)
            scanned = max(0, scanned - position)
            position = 0
        }
        input.append(contentsOf: bytes)
    }

    /// The next request in what was appended.
    mutating func next() -> Step {
        do throws(RequestFailure) {
            if case .head = state {
                guard let head = try nextHead() else { return .incomplete }
                body = []
                switch head.content {
                case .length(0): return .request(head, body: [])
                case .length(let count): state = .body(head, remaining: count)
                case .chunked: state = .chunks(head, ChunkedDecoder())
                }
                wantsContinue = head.expectsContinue && bufferedCount == 0
            }
            return try nextBody()
        } catch {
            return .failure(error)
        }
    }

    private mutating func nextHead() throws(RequestFailure) -> RequestHead? {
        // One empty line in front of a request is let pass (RFC 9112, section 2.2).
        if bufferedCount >= 2, input[position] == .carriageReturn, input[position + 1] == .lineFeed, scanned <= position
        {
            position += 2
        }
        scanned = max(scanned, position)
        while scanned + 3 < input.count {
            if input[scanned] == .carriageReturn, input[scanned + 1] == .lineFeed,
                input[scanned + 2] == .carriageReturn, input[scanned + 3] == .lineFeed
            {
                let start = position
                let end = scanned + 2
                position = scanned + 4
                scanned = position
                guard end - start <= limits.headerBytes else { throw tooLong }
                return try RequestHead(parsing: input[start..<end], limits: limits)
            }
            if input[scanned] == .lineFeed, scanned == position || input[scanned - 1] != .carriageReturn {
                throw .bad("a line ends without a carriage return")
            }
            scanned += 1
        }
        guard bufferedCount <= limits.headerBytes else { throw tooLong }
        return nil
    }

    private var tooLong: RequestFailure {
        RequestFailure(status: 431, message: "the request's head is longer than \(limits.headerBytes) bytes")
    }

    private mutating func nextBody() throws(RequestFailure) -> Step {
        switch state {
        case .head:
            return .incomplete
        case .body(let head, let remaining):
            let count = min(remaining, bufferedCount)
            body.append(contentsOf: input[position..<(position + count)])
            position += count
            guard count == remaining else {
                state = .body(head, remaining: remaining - count)
                return .incomplete
            }
            return complete(head)
        case .chunks(let head, var decoder):
            let isComplete = try decoder.decode(input, from: &position, into: &body, limits: limits)
            guard isComplete else {
                state = .chunks(head, decoder)
                return .incomplete
            }
            return complete(head)
        }
    }

    private mutating func complete(_ head: RequestHead) -> Step {
        defer { body = [] }
        state = .head
        scanned = position
        wantsContinue = false
        return .request(head, body: body)
    }
}
