internal import CYAML
internal import Core

/// A place of the text, both from 1.
struct YAMLMark: Sendable, Hashable {
    var line: Int
    var column: Int
}

/// What the parser meets in a stream (YAML 1.2.2, section 3.1, "serialization tree" as events).
struct YAMLEvent {
    struct Scalar {
        var text: [UInt8]
        var anchor: String?
        var tag: String?
        /// Written without quotes and not as a block.
        var isPlain: Bool
    }
    enum Kind {
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(Scalar)
        case sequenceStart(anchor: String?, tag: String?)
        case sequenceEnd
        case mappingStart(anchor: String?, tag: String?)
        case mappingEnd
        /// Nothing of interest.
        case other
    }
    var kind: Kind
    var mark: YAMLMark
}

/// Reads events from bytes with libyaml. Owns the C parser and a copy of the input, both freed with it.
@safe
final class YAMLEventReader {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let fileName: String

    /// A reader over `bytes`; a UTF-8 byte order mark at the start is skipped.
    init(bytes: [UInt8], fileName: String) throws(YAMLError) {
        let content = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            throw YAMLError(
                code: .limit, fileName: fileName, line: 1, column: 1, message: "no memory to start the YAML parser")
        }
        let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, content.count))
        _ = unsafe input.update(fromContentsOf: content)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, content.count)
        unsafe self.parser = unsafe parser
        unsafe self.input = unsafe input
        self.fileName = fileName
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event.
    /// - Throws: `YAMLError` where the text is not YAML.
    func next() throws(YAMLError) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw fault() }
        defer { unsafe yaml_event_delete(&event) }
        let mark = unsafe YAMLMark(line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
        return YAMLEvent(kind: unsafe Self.kind(of: event), mark: mark)
    }

    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return unsafe .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let text = unsafe [UInt8](UnsafeBufferPointer(start: scalar.value, count: scalar.length))
            return .scalar(
                YAMLEvent.Scalar(
                    text: text, anchor: unsafe string(scalar.anchor), tag: unsafe string(scalar.tag),
                    isPlain: unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE))
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe .sequenceStart(anchor: string(start.anchor), tag: string(start.tag))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe .mappingStart(anchor: string(start.anchor), tag: string(start.tag))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .other
        }
    }

    private static func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }

    private func fault() -> YAMLError {
        let state = unsafe parser.pointee
        let problem = unsafe state.problem.map { unsafe String(cString: $0) } ?? "unknown fault"
        let context = unsafe state.context.map { unsafe String(cString: $0) }
        var mark = unsafe YAMLMark(
            line: Int(state.problem_mark.line) + 1, column: Int(state.problem_mark.column) + 1)
        if unsafe state.error == YAML_READER_ERROR {
            // The reader only knows the byte offset.
            mark = unsafe place(ofByteAt: state.problem_offset)
        }
        return YAMLError(
            code: unsafe state.error == YAML_MEMORY_ERROR ? .limit : .syntax, fileName: fileName, line: mark.line,
            column: mark.column, message: context.map { "\(problem) \($0)" } ?? problem)
    }

    private func place(ofByteAt offset: Int) -> YAMLMark {
        var mark = YAMLMark(line: 1, column: 1)
        let before = unsafe Array(input.prefix(max(0, offset)))
        for byte in before {
            if byte == 0x0a {
                mark.line += 1
                mark.column = 1
            } else if byte & 0xc0 != 0x80 {
                mark.column += 1
            }
        }
        return mark
    }
}
