internal import CCurl
internal import Core

extension Transfer {
    /// Makes the libcurl handle for the request.
    /// - Throws: code `internal` when libcurl refuses.
    func makeHandle(configuration: CurlClient.Configuration) throws(HTTPTransportError) -> EasyHandle {
        guard let easy = EasyHandle() else { throw setupError("out of memory") }
        setRequest(on: easy, configuration: configuration)
        setConnection(on: easy, configuration: configuration)
        setTLS(on: easy)
        setCallbacks(on: easy)
        guard easy.firstFailure == CURLE_OK else {
            throw setupError(unsafe String(cString: curl_easy_strerror(easy.firstFailure)))
        }
        return easy
    }

    private func setupError(_ reason: String) -> HTTPTransportError {
        HTTPTransportError(
            .internal, "cannot set up a request to \(exchange.target.authority): \(reason)",
            endpoint: exchange.target.endpoint, isRetryable: false)
    }

    private func setRequest(on easy: EasyHandle, configuration: CurlClient.Configuration) {
        let request = exchange.request
        let target = exchange.target
        var hostOverride: String?
        easy.set(CURLOPT_URL, request.url)
        if target.isTLS, let serverName = request.connection.tls.serverName, serverName.lowercased() != target.host {
            // libcurl takes the name for SNI and for the check from the URL: the URL gets the wanted name, the
            // connection goes to the real host, and the server is still addressed by that.
            hostOverride = target.port == 443 ? bracketed(target.host) : target.authority
            easy.set(CURLOPT_URL, Self.replacingHost(of: request.url, by: bracketed(serverName), port: target.port))
            let list = "\(bracketed(serverName)):\(target.port):\(target.authority)"
            easy.setConnectTo(list)
        }
        easy.set(CURLOPT_PATH_AS_IS, true)
        easy.set(CURLOPT_DISALLOW_USERNAME_IN_URL, true)
        easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
        easy.set(CURLOPT_FOLLOWLOCATION, false)
        easy.set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        easy.set(CURLOPT_HTTP_CONTENT_DECODING, false)
        easy.set(CURLOPT_HTTP09_ALLOWED, false)
        easy.set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        easy.setHeaders(
            RequestHeaders.lines(of: request, hostOverride: hostOverride, userAgent: configuration.userAgent))
        switch request.body {
        case .none where !["POST", "PUT", "PATCH"].contains(request.method):
            if request.method == "HEAD" { easy.set(CURLOPT_NOBODY, true) }
        case .none:
            easy.set(CURLOPT_UPLOAD, true)
            easy.set(CURLOPT_INFILESIZE_LARGE, offset: 0)
        case .bytes(let bytes):
            easy.set(CURLOPT_UPLOAD, true)
            easy.set(CURLOPT_INFILESIZE_LARGE, offset: bytes.count)
        case .stream(let length, _):
            easy.set(CURLOPT_UPLOAD, true)
            easy.set(CURLOPT_INFILESIZE_LARGE, offset: length.map { Int(clamping: $0) } ?? -1)
        }
        easy.set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func setConnection(on easy: EasyHandle, configuration: CurlClient.Configuration) {
        let request = exchange.request
        easy.set(CURLOPT_NOSIGNAL, true)
        // Otherwise giving up a request joins the thread that resolves its name, and the loop stands still.
        easy.set(CURLOPT_QUICK_EXIT, true)
        easy.set(CURLOPT_CONNECTTIMEOUT_MS, min(max(1, request.connectTimeout.milliseconds), 24 * 3600 * 1000))
        easy.set(CURLOPT_BUFFERSIZE, receiveBufferSize)
        if let rate = request.maximumReceiveRate { easy.set(CURLOPT_MAX_RECV_SPEED_LARGE, offset: rate) }
        easy.set(CURLOPT_UPLOAD_BUFFERSIZE, 64 * 1024)
        easy.set(CURLOPT_TCP_NODELAY, true)
        easy.set(CURLOPT_TCP_KEEPALIVE, true)
        easy.set(CURLOPT_TCP_KEEPIDLE, 30)
        easy.set(CURLOPT_TCP_KEEPINTVL, 10)
        easy.set(CURLOPT_MAXAGE_CONN, max(1, Int(configuration.idleConnectionLifetime.components.seconds)))
        let isHTTP1 = request.connection.version == .http1
        easy.set(CURLOPT_HTTP_VERSION, isHTTP1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS)
        // With HTTP/2 in reach, a request waits for the connection that is being made rather than making another.
        easy.set(CURLOPT_PIPEWAIT, exchange.target.isTLS && !isHTTP1)
        easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
        // Set in any case: libcurl looks into the environment only for what is not.
        easy.set(CURLOPT_NOPROXY, "")
        guard let proxy = exchange.poolKey.proxy else { return easy.set(CURLOPT_PROXY, "") }
        easy.set(CURLOPT_PROXY, bracketed(proxy.host))
        easy.set(CURLOPT_PROXYPORT, proxy.port)
        let kind =
            switch proxy.scheme {
            case .http: CURLPROXY_HTTP
            case .https: CURLPROXY_HTTPS
            case .socks5: CURLPROXY_SOCKS5_HOSTNAME
            }
        easy.set(CURLOPT_PROXYTYPE, Int(kind.rawValue))
        if let username = proxy.username {
            easy.set(CURLOPT_PROXYUSERNAME, username)
            easy.set(CURLOPT_PROXYPASSWORD, proxy.password?.revealed ?? "")
        }
    }

    private func setTLS(on easy: EasyHandle) {
        let isVerified = exchange.request.connection.tls.verification == .full
        easy.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        easy.set(CURLOPT_SSL_VERIFYPEER, isVerified)
        easy.set(CURLOPT_SSL_VERIFYHOST, isVerified ? 2 : 0)
        easy.set(CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // The pool's own store takes the place of libcurl's, which would be read and parsed for every connection.
        easy.set(CURLOPT_CA_CACHE_TIMEOUT, 0)
        for option in [CURLOPT_CAINFO, CURLOPT_CAPATH, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH] {
            easy.set(option, nil)
        }
    }

    private static func replacingHost(of url: String, by host: String, port: Int) -> String {
        let bytes = url.utf8
        guard let separator = bytes.firstRange(of: "://".utf8) else { return url }
        let rest = bytes[separator.upperBound...]
        let end =
            rest.firstIndex { [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) } ?? rest.endIndex
        return String(url[..<separator.upperBound]) + "\(host):\(port)" + String(url[end...])
    }
}

extension Duration {
    /// Whole milliseconds, rounded up.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds < Int64.max / 2000 else { return Int.max / 2 }
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
