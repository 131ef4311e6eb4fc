internal import Core
internal import OCI

/// What is shown of an error's body: the OCI error code and 256 printable characters of its message, or what it looks like.
struct ErrorResponse: Sendable, Hashable {
    static let maximumBody = 64 << 10
    static let maximumMessage = 256
    /// What a web server's page in place of a registry's answer is called.
    static let notJSON = "answered HTML instead of JSON: is this a registry? Check its host and port"

    /// The first error's code, if it is one: capital letters and underscores.
    let code: String?
    private let message: String?
    private let isHTML: Bool
    /// The names that the server gave this one request, for whoever asks its operators about it; nil without any.
    let requestNames: String?

    /// - Parameters:
    ///   - isRegistry: false for the storage that registries redirect to, which speaks another language.
    ///   - mask: what was sent with the request and must not be shown, should the server repeat it.
    init(body: [UInt8], contentType: String?, isRegistry: Bool = true, masking mask: SecretMask) {
        guard isRegistry else {
            isHTML = false
            code = Self.storageCode(body)
            message = nil
            requestNames = nil
            return
        }
        isHTML = Self.looksLikeHTML(body) || contentType.map { MediaType(contentType: $0) == "text/html" } == true
        guard !isHTML, body.count <= Self.maximumBody,
            let value = try? JSONValue(
                parsing: body, limits: JSONLimits(bytes: Self.maximumBody, depth: 16, values: 1000))
        else {
            code = nil
            message = nil
            requestNames = nil
            return
        }
        let first = value["errors"]?.arrayValue?.first
        // Token servers answer OAuth2 errors or distribution's older `details`.
        code = (first?["code"]?.stringValue ?? value["error"]?.stringValue).map(mask.masked).flatMap(Self.validCode)
        let raw =
            (first?["message"] ?? value["error_description"] ?? value["details"] ?? value["message"])?.stringValue ?? ""
        // Masked before anything is cut off, so that no piece of a secret is left at the end.
        let said = RemoteText.printable(mask.masked(raw), limit: Self.maximumMessage)
        // Azure's registry ends its refusals with a `CorrelationId`, for example.
        let (text, names) = UniqueNames.taken(from: said)
        message = text
        requestNames = names.isEmpty ? nil : names.joined(separator: ", ")
    }

    /// `HTTP 404, MANIFEST_UNKNOWN: manifest unknown`.
    func text(status: Int) -> String {
        if isHTML { return "HTTP \(status), \(Self.notJSON)" }
        var text = "HTTP \(status)"
        // Every registry knows the methods that it is asked with.
        if code == nil, [405, 501].contains(status) { text += ", is this a registry? Check its host and port" }
        if let code { text += ", \(code)" }
        if let message, !message.isEmpty { text += ": \(message)" }
        return text
    }

    static func looksLikeHTML(_ body: [UInt8]) -> Bool {
        let start = body.drop { [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].contains($0) }.prefix(15)
        let text = String(decoding: start, as: UTF8.self).lowercased()
        return ["<!doctype", "<html", "<head", "<body", "<?xml"].contains { text.hasPrefix($0) }
    }

    /// The code of an error of S3, Google's or Azure's storage, such as `AccessDenied`. Their messages may repeat the URL's
    /// signature, and are not shown.
    private static func storageCode(_ body: [UInt8]) -> String? {
        let text = String(decoding: body.prefix(4096), as: UTF8.self)
        guard let start = text.utf8.firstRange(of: Array("<Code>".utf8))?.upperBound else { return nil }
        return validCode(String(text[start...].prefix { $0 != "<" }))
    }

    private static func validCode(_ text: String) -> String? {
        let isCode =
            (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & ~0x20) && byte | 0x20 != 0x40
                    || byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
        return isCode ? text : nil
    }
}

/// The `Retry-After` header (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// Seconds or an HTTP date; nil if there is none that can be read. At most a day.
    static func parse(_ headers: HTTPFields, now: Timestamp) -> Duration? {
        guard let text = headers["Retry-After"], text.utf8.count <= 64 else { return nil }
        let longest = Duration.seconds(86_400)
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return Int64(text).map { min(.seconds(min($0, 86_400)), longest) } ?? longest
        }
        guard let date = Timestamp(httpDate: text) else { return nil }
        return min(max(date - now, .zero), longest)
    }
}
