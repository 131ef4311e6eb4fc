internal import CCurl
internal import COpenSSL
internal import Core
internal import Glibc

extension Transfer {
    /// What libcurl's result means, in words that name host, cause and next step.
    func error(for code: CURLcode) -> HTTPTransportError {
        guard let easy else { return make(.internal, "the request ended without a handle") }
        return proxyError(code, easy) ?? connectionError(code, easy) ?? clientCertificateError(code, easy)
            ?? tlsError(code, easy) ?? exchangeError(code, easy)
    }

    private var peer: String { exchange.target.authority }

    private func make(
        _ code: HTTPTransportError.Code, _ message: String, particulars: String? = nil, isRetryable: Bool? = nil,
        remedy: HTTPTransportError.Remedy? = nil
    ) -> HTTPTransportError {
        HTTPTransportError(
            code, message, particulars: particulars, endpoint: exchange.target.endpoint, isRetryable: isRetryable,
            remedy: remedy)
    }

    private func proxyError(_ code: CURLcode, _ easy: EasyHandle) -> HTTPTransportError? {
        guard let proxy = exchange.poolKey.proxy else { return nil }
        let status = easy.information(CURLINFO_HTTP_CONNECTCODE)
        switch code {
        // Behind a proxy the only name that is resolved here is the proxy's.
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST:
            return make(.proxy, "could not resolve the host of proxy \(proxy)")
        case CURLE_COULDNT_CONNECT: return make(.proxy, "could not connect to proxy \(proxy): \(systemError(easy))")
        case CURLE_PROXY where wantsOtherCredentials(easy):
            return make(
                .proxy, "proxy \(proxy) wants other credentials; check username and password", isRetryable: false)
        case CURLE_PROXY:
            return make(.proxy, "proxy \(proxy) did not connect to \(peer): \(easy.errorDescription)")
        case CURLE_RECV_ERROR where status == 407 || status == 401:
            return make(
                .proxy, "proxy \(proxy) wants other credentials (\(status)); check username and password",
                isRetryable: false)
        case CURLE_RECV_ERROR where status >= 300:
            return make(.proxy, "proxy \(proxy) refused to connect to \(peer) (\(status))", isRetryable: status >= 500)
        default: return nil
        }
    }

    /// Whether a SOCKS proxy refused the user, or every method of authentication that it was offered.
    private func wantsOtherCredentials(_ easy: EasyHandle) -> Bool {
        [CURLPX_USER_REJECTED, CURLPX_NO_AUTH].contains { Int($0.rawValue) == easy.information(CURLINFO_PROXY_ERROR) }
    }

    private func connectionError(_ code: CURLcode, _ easy: EasyHandle) -> HTTPTransportError? {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: return make(.resolve, "could not resolve host \(exchange.target.host)")
        case CURLE_COULDNT_CONNECT: return make(.connect, "could not connect to \(peer): \(systemError(easy))")
        case CURLE_OPERATION_TIMEDOUT:
            let proxy = exchange.poolKey.proxy.map { " through proxy \($0)" } ?? ""
            return make(
                .timeout, "could not connect to \(peer)\(proxy) within \(Self.text(exchange.request.connectTimeout))")
        default: return nil
        }
    }

    private func systemError(_ easy: EasyHandle) -> String {
        let number = Int32(truncatingIfNeeded: easy.information(CURLINFO_OS_ERRNO))
        switch number {
        case 0: return easy.errorDescription
        case ECONNREFUSED: return "connection refused"
        case ECONNRESET: return "connection reset by the peer"
        case EPIPE: return "the peer closed the connection"
        case EHOSTUNREACH: return "no route to host"
        case ENETUNREACH: return "network is unreachable"
        case ETIMEDOUT: return "connection timed out"
        default:
            return unsafe ccurl_error_text(number).map { unsafe String(cString: $0) } ?? "system error \(number)"
        }
    }

    private func tlsError(_ code: CURLcode, _ easy: EasyHandle) -> HTTPTransportError? {
        let detail = easy.errorDescription
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION:
            let result = easy.information(CURLINFO_SSL_VERIFYRESULT)
            // The chain is checked first, so without an error of that (libcurl starts with "unspecified") it is the name.
            guard result > Int(X509_V_ERR_UNSPECIFIED) else {
                let name = exchange.request.connection.tls.serverName ?? exchange.target.host
                return make(
                    .tls, "tls: the certificate of \(peer) is not for the name \(name)", isRetryable: false)
            }
            let reason = unsafe X509_verify_cert_error_string(result).map { unsafe String(cString: $0) } ?? "unknown"
            let isUntrusted = [
                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            ].contains(Int32(truncatingIfNeeded: result))
            return make(
                .tls,
                "tls: certificate of \(peer) is not trusted: \(reason) (\(result))", isRetryable: false,
                remedy: isUntrusted ? .trustAuthority : nil)
        case CURLE_SSL_CONNECT_ERROR
        where ["wrong version number", "packet length too long"].contains(where: { detail.contains($0) }):
            return make(.notTLS, "tls: \(peer) answered, but does not speak TLS; is it plain HTTP?", isRetryable: false)
        case CURLE_SSL_CONNECT_ERROR where systemCode(easy) == ECONNRESET || detail.contains("SSL_ERROR_SYSCALL"):
            return make(.closed, "tls: \(peer) closed the connection during the TLS handshake")
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CONNECT_ERROR:
            return make(.tls, "tls: handshake with \(peer) failed: \(detail)", isRetryable: false)
        case CURLE_RECV_ERROR where detail.contains("alert"), CURLE_SEND_ERROR where detail.contains("alert"):
            return make(.tls, "tls: \(peer) ended the connection: \(detail)", isRetryable: false)
        default: return nil
        }
    }

    /// The end of a connection on which the server asked for a client certificate and then answered nothing. The words are
    /// the same however it ended; `particulars` has what differs.
    private func clientCertificateError(_ code: CURLcode, _ easy: EasyHandle) -> HTTPTransportError? {
        let endings = [
            CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2,
            CURLE_HTTP2_STREAM,
        ]
        guard certificateRequest?.wasMade == true, !hasBegunResponse, endings.contains(code) else { return nil }
        let (message, remedy): (String, HTTPTransportError.Remedy) =
            exchange.request.connection.tls.identity == nil
            ? ("tls: \(peer) asked for a client certificate and ended the connection", .showCertificate)
            : ("tls: \(peer) ended the connection when it was shown the client certificate", .replaceCertificate)
        let detail = Self.withoutStream(easy.errorDescription)
        // An alert is the server's last word; without one something else may have gone wrong.
        return make(.tls, message, particulars: detail, isRetryable: !detail.contains("alert"), remedy: remedy)
    }

    /// `HTTP/2 stream 7 was not closed cleanly` without the number, which is another one at each try.
    static func withoutStream(_ text: String) -> String {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        return words.indices.filter { index in
            index == 0 || words[index - 1] != "stream" || UInt32(words[index]) == nil
        }.map { words[$0] }.joined(separator: " ")
    }

    private func systemCode(_ easy: EasyHandle) -> Int32 {
        Int32(truncatingIfNeeded: easy.information(CURLINFO_OS_ERRNO))
    }

    private func exchangeError(_ code: CURLcode, _ easy: EasyHandle) -> HTTPTransportError {
        switch code {
        case CURLE_PARTIAL_FILE:
            return make(.closed, "\(peer) closed the connection before the end of the response body")
        case CURLE_GOT_NOTHING: return make(.closed, "\(peer) closed the connection without a response")
        case CURLE_RECV_ERROR: return make(.closed, "the connection to \(peer) broke: \(systemError(easy))")
        case CURLE_SEND_ERROR: return make(.closed, "sending to \(peer) failed: \(systemError(easy))")
        case CURLE_SEND_FAIL_REWIND:
            return make(.closed, "\(peer) closed the kept connection while the request's body was sent")
        case CURLE_HTTP2, CURLE_HTTP2_STREAM:
            return make(.protocol, "\(peer) ended the HTTP/2 stream: \(Self.withoutStream(easy.errorDescription))")
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING:
            return make(.protocol, "\(peer) does not speak HTTP properly: \(easy.errorDescription)", isRetryable: false)
        case CURLE_URL_MALFORMAT:
            return make(.invalidRequest, "cannot send a request to \(peer): the URL is malformed")
        case CURLE_OUT_OF_MEMORY:
            return make(.internal, "out of memory during the exchange with \(peer)", isRetryable: true)
        default:
            let reason = unsafe String(cString: curl_easy_strerror(code))
            return make(.internal, "the exchange with \(peer) failed: \(reason) (curl \(code.rawValue))")
        }
    }
}
