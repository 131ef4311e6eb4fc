internal import COpenSSL
internal import Core

/// Owns a `PKCS7` that holds a TSTInfo; not changed after parsing.
@safe
final class TokenHandle: @unchecked Sendable {
    /// What the token states.
    struct Info {
        let time: Timestamp
        let accuracy: Duration?
        let imprint: Digest
        /// None is known: what one would restrict cannot be judged.
        let hasCriticalExtension: Bool
    }

    let pointer: UnsafeMutablePointer<PKCS7>

    @unsafe
    private init(owning pointer: UnsafeMutablePointer<PKCS7>) { unsafe self.pointer = pointer }

    deinit { unsafe PKCS7_free(pointer) }

    /// The token of a response; nil unless `der` is a response with a token and nothing more. OpenSSL reads none that has a
    /// token although it was not granted.
    static func fromResponse(_ der: [UInt8]) -> TokenHandle? {
        unsafe der.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            guard let response = unsafe d2i_TS_RESP(nil, &cursor, bytes.count) else { return nil }
            defer { unsafe TS_RESP_free(response) }
            guard let start = bytes.baseAddress, let end = unsafe cursor, unsafe end - start == bytes.count,
                let token = unsafe TS_RESP_get_token(response), let copy = unsafe PKCS7_dup(token)
            else { return nil }
            return unsafe TokenHandle(owning: copy)
        }
    }

    /// The token that `der` is; nil unless it is that and nothing more.
    static func fromToken(_ der: [UInt8]) -> TokenHandle? {
        unsafe der.withUnsafeBufferPointer { bytes in
            var cursor = bytes.baseAddress
            guard let token = unsafe d2i_PKCS7(nil, &cursor, bytes.count) else { return nil }
            let handle = unsafe TokenHandle(owning: token)
            guard let start = bytes.baseAddress, let end = unsafe cursor, unsafe end - start == bytes.count else {
                return nil
            }
            return handle
        }
    }

    /// nil when the token holds no TSTInfo of version 1, or its time or imprint cannot be read.
    func info() -> Info? {
        guard let info = unsafe PKCS7_to_TS_TST_INFO(pointer) else { return nil }
        defer { unsafe TS_TST_INFO_free(info) }
        guard unsafe TS_TST_INFO_get_version(info) == 1,
            let text = unsafe Self.bytes(TS_TST_INFO_get_time(info)),
            let time = DERTime.parse(text, yearDigits: 4, allowsFraction: true),
            let message = unsafe TS_TST_INFO_get_msg_imprint(info),
            let hash = unsafe Self.bytes(TS_MSG_IMPRINT_get_msg(message)),
            let algorithm = unsafe Self.hash(Self.identifier(TS_MSG_IMPRINT_get_algo(message))),
            hash.count == algorithm.byteCount
        else { return nil }
        return Info(
            time: time, accuracy: unsafe Self.accuracy(TS_TST_INFO_get_accuracy(info)),
            imprint: Digest(algorithm: algorithm, bytes: hash),
            hasCriticalExtension: unsafe TS_TST_INFO_get_ext_by_critical(info, 1, -1) >= 0)
    }

    /// Whether there is exactly one signer and it used SHA-256, SHA-384 or SHA-512.
    var signerHashIsStrong: Bool {
        unsafe copenssl_signer_count(pointer) == 1 && Self.hash(copenssl_signer_digest_nid(pointer)) != nil
    }

    /// The signer's certificate, when the signature and its attributes hold and a path leads to `anchors` at some time.
    /// - Parameter known: certificates that the token may leave out; the signer is looked for here first.
    func verifiedSigner(known: [Certificate], _ anchors: [Certificate]) -> Certificate? {
        let store = AnchorStore(anchors: anchors.map(\.handle))
        let pool = CertificateStack(known.map(\.handle))
        var signer: OpaquePointer?
        guard unsafe TS_RESP_verify_signature(pointer, pool.pointer, store.pointer, &signer) == 1,
            let signer = unsafe signer
        else { return nil }
        defer { unsafe X509_free(signer) }
        var buffer: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_X509(signer, &buffer)
        guard count > 0, let start = unsafe buffer else { return nil }
        defer { unsafe CRYPTO_free(start, nil, 0) }
        return try? Certificate(der: unsafe Array(UnsafeBufferPointer(start: start, count: Int(count))))
    }

    private static func hash(_ identifier: Int32) -> Digest.Algorithm? {
        switch identifier {
        case NID_sha256: .sha256
        case NID_sha384: .sha384
        case NID_sha512: .sha512
        default: nil
        }
    }

    private static func identifier(_ algorithm: UnsafeMutablePointer<X509_ALGOR>?) -> Int32 {
        guard let algorithm = unsafe algorithm else { return NID_undef }
        var object: OpaquePointer?
        unsafe X509_ALGOR_get0(&object, nil, nil, algorithm)
        return unsafe OBJ_obj2nid(object)
    }

    static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8]? {
        guard let string = unsafe string, let data = unsafe ASN1_STRING_get0_data(string) else { return nil }
        return unsafe Array(UnsafeBufferPointer(start: data, count: Int(ASN1_STRING_length(string))))
    }

    private static func accuracy(_ accuracy: OpaquePointer?) -> Duration? {
        guard let accuracy = unsafe accuracy else { return nil }
        func value(_ integer: UnsafePointer<ASN1_INTEGER>?) -> Int64 {
            unsafe integer.map { Int64(unsafe ASN1_INTEGER_get($0)) } ?? 0
        }
        return unsafe .seconds(value(TS_ACCURACY_get_seconds(accuracy)))
            + .milliseconds(value(TS_ACCURACY_get_millis(accuracy)))
            + .microseconds(value(TS_ACCURACY_get_micros(accuracy)))
    }
}
