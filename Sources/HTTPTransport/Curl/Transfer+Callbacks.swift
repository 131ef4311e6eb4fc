internal import CCurl
internal import Core
internal import Glibc

// libcurl calls these on the loop's thread, from inside its functions. The context is a `Transfer` or `ConnectionPool` that
// the worker keeps alive for as long as libcurl may call.

extension Transfer {
    /// Registers the callbacks with the transfer itself as context.
    func setCallbacks(on easy: EasyHandle) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe easy.note(ccurl_set_receive_callbacks(easy.pointer, onHeader, onBody, context))
        if exchange.request.body.isSent(by: exchange.request.method) {
            unsafe easy.note(ccurl_set_send_callbacks(easy.pointer, onRead, onSeek, context))
        }
        let poolContext = unsafe Unmanaged.passUnretained(pool).toOpaque()
        unsafe easy.note(ccurl_set_socket_callbacks(easy.pointer, onOpenSocket, context, onCloseSocket, poolContext))
        unsafe easy.note(ccurl_set_tls_callback(easy.pointer, onTLSContext, context))
        unsafe easy.note(ccurl_set_pointer(easy.pointer, CURLOPT_PRIVATE, context))
    }

    /// The transfer that a callback's context stands for.
    static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }
}

extension HTTPRequest.Body {
    func isSent(by method: String) -> Bool {
        if case .none = self { return ["POST", "PUT", "PATCH"].contains(method) }
        return true
    }
}

private let onHeader: curl_write_callback = { bytes, size, count, context in
    guard let transfer = unsafe Transfer.from(context), let bytes = unsafe bytes else { return 0 }
    let line = unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: size * count))
    return transfer.receiveHeader(line) ? size * count : 0
}

private let onBody: curl_write_callback = { bytes, size, count, context in
    guard let transfer = unsafe Transfer.from(context), let bytes = unsafe bytes else { return 0 }
    let isTaken = unsafe transfer.receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return isTaken ? size * count : Int(CURL_WRITEFUNC_PAUSE)
}

private let onRead: curl_read_callback = { bytes, size, count, context in
    guard let transfer = unsafe Transfer.from(context), let bytes = unsafe bytes else {
        return Int(CURL_READFUNC_ABORT)
    }
    return unsafe transfer.readBody(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
}

private let onSeek: curl_seek_callback = { context, offset, origin in
    guard let transfer = unsafe Transfer.from(context), origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
    return transfer.rewind(to: Int(offset)) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
}

private let onOpenSocket: curl_opensocket_callback = { context, _, address in
    guard let transfer = unsafe Transfer.from(context), let address = unsafe address else { return -1 }
    let timeout = transfer.exchange.poolKey.unacknowledgedTimeout?.milliseconds ?? 0
    let descriptor = unsafe ccurl_open_socket(address, UInt32(clamping: timeout))
    if descriptor >= 0 { transfer.pool.noteOpened(descriptor, for: transfer.exchange.target) }
    return descriptor
}

private let onCloseSocket: curl_closesocket_callback = { context, descriptor in
    unsafe ConnectionPool.from(context)?.noteClosed(descriptor)
    return close(descriptor)
}

private let onTLSContext: curl_ssl_ctx_callback = { _, tls, context in
    guard let transfer = unsafe Transfer.from(context), let tls = unsafe tls else { return CURLE_SSL_CONNECT_ERROR }
    return unsafe transfer.setUp(OpaquePointer(tls)) ? CURLE_OK : CURLE_SSL_CERTPROBLEM
}
