internal import CCurl

/// A URL taken apart by libcurl's own parser, so that what we decide on (proxy, pool, error messages) is what it connects to.
struct ParsedURL {
    let scheme: String?
    let host: String?
    let port: Int?
    let user: String?
    let password: String?
    let path: String
    let query: String?
    let fragment: String?

    /// Nil when libcurl does not take `text` for a URL with a scheme.
    init?(_ text: String) {
        // libcurl forgives a missing or a third slash, and what follows a NUL; we do not.
        let bytes = text.utf8
        guard let separator = bytes.firstRange(of: "://".utf8), separator.lowerBound != bytes.startIndex,
            bytes[separator.upperBound...].first != UInt8(ascii: "/"),
            !bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") })
        else { return nil }
        guard let url = unsafe curl_url() else { return nil }
        defer { unsafe curl_url_cleanup(url) }
        let flags = UInt32(CURLU_NON_SUPPORT_SCHEME) | UInt32(CURLU_PATH_AS_IS)
        guard unsafe curl_url_set(url, CURLUPART_URL, text, flags) == CURLUE_OK else { return nil }
        func part(_ part: CURLUPart, decoded: Bool = false) -> String? {
            var value: UnsafeMutablePointer<CChar>?
            let flags = decoded ? UInt32(CURLU_URLDECODE) : 0
            guard unsafe curl_url_get(url, part, &value, flags) == CURLUE_OK, let value = unsafe value else {
                return nil
            }
            defer { unsafe curl_free(value) }
            return unsafe String(cString: value)
        }
        scheme = part(CURLUPART_SCHEME)?.lowercased()
        let bracketedHost = part(CURLUPART_HOST)
        host = bracketedHost.map { $0.hasPrefix("[") && $0.hasSuffix("]") ? String($0.dropFirst().dropLast()) : $0 }
        port = part(CURLUPART_PORT).flatMap { Int($0) }
        user = part(CURLUPART_USER, decoded: true)
        password = part(CURLUPART_PASSWORD, decoded: true)
        path = part(CURLUPART_PATH) ?? ""
        query = part(CURLUPART_QUERY)
        fragment = part(CURLUPART_FRAGMENT)
    }
}

/// Where a request goes: the origin of its URL.
struct RequestTarget: Sendable, Hashable {
    /// The longest URL that is sent, in bytes.
    static let maximumLength = 16 * 1024

    let scheme: String
    /// A name or an IP address, IPv6 without brackets.
    let host: String
    let port: Int

    /// The origin of an absolute http or https URL.
    /// - Throws: code `invalidRequest`, without repeating the URL.
    init(url: String) throws(HTTPTransportError) {
        do throws(URLFault) { try self.init(checking: url) } catch {
            throw HTTPTransportError(.invalidRequest, "cannot send a request: \(error)", endpoint: nil)
        }
    }

    private init(checking url: String) throws(URLFault) {
        guard url.utf8.count <= Self.maximumLength else {
            throw URLFault(description: "the URL is longer than \(Self.maximumLength) bytes")
        }
        guard let parts = ParsedURL(url), let scheme = parts.scheme, let host = parts.host, !host.isEmpty else {
            throw URLFault(description: "the URL is malformed")
        }
        guard scheme == "http" || scheme == "https" else {
            throw URLFault(description: "the URL's scheme is neither http nor https")
        }
        guard parts.user == nil, parts.password == nil else {
            throw URLFault(description: "the URL carries a user or password, which is never sent")
        }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = parts.port ?? (scheme == "https" ? 443 : 80)
    }

    /// Checks that requests can be sent to `url`.
    /// - Throws: what is in the way, without repeating the URL.
    static func check(_ url: String) throws(URLFault) { _ = try RequestTarget(checking: url) }

    var isTLS: Bool { scheme == "https" }
    /// `host:port`, for messages.
    var authority: String { "\(bracketed(host)):\(port)" }
    /// `scheme://host:port`.
    var endpoint: String { "\(scheme)://\(authority)" }
}

/// Why nothing can be sent to a URL. The text never repeats it, as it may carry a password.
package struct URLFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
}

extension HTTPRequest {
    /// Checks that requests can be sent to `url`: an absolute http or https URL without user information.
    package static func check(url: String) throws(URLFault) { try RequestTarget.check(url) }
}
