internal import COpenSSL

/// What RSA keys may be like, whoever made them: verifying with a key takes time by its size and its public exponent.
enum RSALimits {
    /// Bits of the modulus.
    static let sizes = 2048...8192
    /// Bits of the public exponent; Go's `crypto/rsa` has the same limit.
    static let exponentBits = 31

    /// Whether the exponent is odd, above 1 and below 2^31.
    @unsafe
    static func isExponentUsable(of key: OpaquePointer) -> Bool {
        var exponent: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(key, "e", &exponent) == 1, let exponent = unsafe exponent else {
            return false
        }
        defer { unsafe BN_free(exponent) }
        return unsafe BN_is_odd(exponent) == 1 && (2...exponentBits).contains(Int(BN_num_bits(exponent)))
    }

    /// Whether nothing signed by the certificate's key takes long to verify; true of keys of other kinds.
    @unsafe
    static func isQuick(_ certificate: OpaquePointer?) -> Bool {
        guard let certificate = unsafe certificate, let key = unsafe X509_get0_pubkey(certificate),
            unsafe [EVP_PKEY_RSA, EVP_PKEY_RSA_PSS].contains(EVP_PKEY_get_base_id(key))
        else { return true }
        return unsafe Int(EVP_PKEY_get_bits(key)) <= sizes.upperBound && isExponentUsable(of: key)
    }
}
