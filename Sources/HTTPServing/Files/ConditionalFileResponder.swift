package import Core

/// Answers requests for one file: GET and HEAD, conditions in the order of RFC 9110, section 13.2.2, and single ranges.
package struct ConditionalFileResponder: Sendable {
    private let file: ServedFile
    private let entityTag: EntityTag
    private let lastModified: Timestamp?
    /// For 200 and 206.
    private let fields: HTTPFields
    /// For 304, 412 and 416: what describes the file, not the content.
    private let validators: HTTPFields

    /// - Parameters:
    ///   - entityTag: changes whenever the content does.
    ///   - lastModified: when the content last changed; whole seconds count.
    ///   - headers: further fields of the answers that carry content, such as Content-Type.
    package init(file: ServedFile, entityTag: EntityTag, lastModified: Timestamp? = nil, headers: HTTPFields = [:]) {
        self.file = file
        self.entityTag = entityTag
        self.lastModified = lastModified.map { Timestamp(seconds: $0.seconds) }
        var validators: HTTPFields = ["ETag": entityTag.fieldValue, "Accept-Ranges": "bytes"]
        validators["Last-Modified"] = lastModified?.httpDate
        if let caching = headers["Cache-Control"] { validators["Cache-Control"] = caching }
        self.validators = validators
        var fields = headers
        for field in validators { fields[field.name] = field.value }
        self.fields = fields
    }

    /// The answer to `request`, whatever its path.
    package func respond(to request: HTTPServerRequest) -> HTTPServerResponse {
        let isGet = request.method == "GET"
        guard isGet || request.method == "HEAD" else {
            return .text(405, "method not allowed", headers: ["Allow": "GET, HEAD"])
        }
        // Most requests carry neither conditions nor ranges.
        guard request.headers.contains(where: { Self.mayMatter($0.name) }) else { return whole }
        if let status = failedCondition(request.headers) {
            return HTTPServerResponse(status: status, headers: validators)
        }
        guard isGet else { return whole }
        let ranges = request.headers.values(of: "Range")
        guard ranges.count == 1, let range = ranges.first, rangeApplies(request.headers) else { return whole }
        switch ByteRangeRequest(parsing: range, size: file.size) {
        case .whole: return whole
        case .part(let part):
            var fields = fields
            fields["Content-Range"] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.size)"
            return HTTPServerResponse(status: 206, headers: fields, body: .file(file, range: part))
        case .unsatisfiable:
            var fields = validators
            fields["Content-Range"] = "bytes */\(file.size)"
            return HTTPServerResponse(status: 416, headers: fields)
        }
    }

    private var whole: HTTPServerResponse {
        HTTPServerResponse(status: 200, headers: fields, body: .file(file, range: nil))
    }

    private static func mayMatter(_ name: String) -> Bool {
        switch name.utf8.first {
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "R"), UInt8(ascii: "r"): true
        default: false
        }
    }

    /// The status that a condition of the request leads to, nil when all of them hold.
    private func failedCondition(_ headers: HTTPFields) -> Int? {
        let matches = headers.values(of: "If-Match")
        if !matches.isEmpty {
            guard isListed(in: matches, by: { $0.isStronglyEqual(to: entityTag) }) else { return 412 }
        } else if let lastModified, let limit = date(headers, "If-Unmodified-Since"), lastModified > limit {
            return 412
        }
        let others = headers.values(of: "If-None-Match")
        if !others.isEmpty {
            if isListed(in: others, by: { $0.isWeaklyEqual(to: entityTag) }) { return 304 }
        } else if let lastModified, let known = date(headers, "If-Modified-Since"), lastModified <= known {
            return 304
        }
        return nil
    }

    private func isListed(in lines: [String], by isEqual: (EntityTag) -> Bool) -> Bool {
        switch EntityTag.List(parsing: lines) {
        case .any: true
        case .tags(let tags): tags.contains(where: isEqual)
        }
    }

    private func date(_ headers: HTTPFields, _ name: String) -> Timestamp? {
        headers[name].flatMap { Timestamp(httpDate: $0) }
    }

    /// RFC 9110, section 13.1.5: a part is only good if the client's other parts are of the same content.
    private func rangeApplies(_ headers: HTTPFields) -> Bool {
        let conditions = headers.values(of: "If-Range")
        guard let condition = conditions.first else { return true }
        guard conditions.count == 1 else { return false }
        if let tag = EntityTag(fieldValue: condition) { return tag.isStronglyEqual(to: entityTag) }
        guard let lastModified, let date = Timestamp(httpDate: condition) else { return false }
        return date == lastModified
    }
}
