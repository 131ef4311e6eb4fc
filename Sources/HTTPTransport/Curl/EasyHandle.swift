internal import CCurl

/// One libcurl easy handle with what it borrows: its error text and its header lines. Only for the loop's thread.
@safe
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var connectList: UnsafeMutablePointer<curl_slist>?
    private(set) var firstFailure: CURLcode = CURLE_OK

    init?() {
        guard let handle = unsafe curl_easy_init() else { return nil }
        unsafe pointer = unsafe handle
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe note(ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText))
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(headerList)
        unsafe curl_slist_free_all(connectList)
        unsafe errorText.deallocate()
    }

    /// Remembers the first option that libcurl refused.
    func note(_ code: CURLcode) {
        if firstFailure == CURLE_OK { firstFailure = code }
    }

    func set(_ option: CURLoption, _ value: Int) {
        unsafe note(ccurl_set_long(pointer, option, value))
    }

    func set(_ option: CURLoption, _ value: Bool) {
        set(option, value ? 1 : 0)
    }

    func set(_ option: CURLoption, offset value: Int) {
        unsafe note(ccurl_set_offset(pointer, option, value))
    }

    /// libcurl copies the text; nil unsets the option.
    func set(_ option: CURLoption, _ value: String?) {
        if let value {
            unsafe note(ccurl_set_string(pointer, option, value))
        } else {
            unsafe note(ccurl_set_string(pointer, option, nil))
        }
    }

    /// Sets the header lines.
    func setHeaders(_ lines: [String]) {
        for line in lines {
            guard let extended = unsafe curl_slist_append(headerList, line) else { return note(CURLE_OUT_OF_MEMORY) }
            unsafe headerList = unsafe extended
        }
        unsafe note(ccurl_set_list(pointer, CURLOPT_HTTPHEADER, headerList))
    }

    /// Where to connect to in place of the URL's host: `host:port:other host:other port`.
    func setConnectTo(_ entry: String) {
        unsafe connectList = unsafe curl_slist_append(nil, entry)
        unsafe note(connectList == nil ? CURLE_OUT_OF_MEMORY : ccurl_set_list(pointer, CURLOPT_CONNECT_TO, connectList))
    }

    func information(_ info: CURLINFO) -> Int {
        unsafe ccurl_get_long(pointer, info)
    }

    /// What libcurl says about the failure: at most 200 printable ASCII characters.
    var errorDescription: String {
        var text = ""
        for index in 0..<min(200, Int(CURL_ERROR_SIZE)) {
            let byte = UInt8(bitPattern: unsafe errorText[index])
            if byte == 0 { break }
            text.unicodeScalars.append((0x20..<0x7F).contains(byte) ? Unicode.Scalar(byte) : "?")
        }
        return text
    }
}
