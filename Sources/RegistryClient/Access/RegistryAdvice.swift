internal import HTTPTransport

/// What whoever set an access up can do about a failure, in the terms of where it was set up: the fields of an object, or
/// flags and environment variables. Each text is the end of a message's sentence; nil where there is nothing to advise.
package struct RegistryAdvice: Sendable, Hashable {
    /// For a server whose certificate an unknown authority issued: `add its CA as ca.crt in certSecretRef`.
    package var trustAuthority: String?
    /// For a server that wants a client certificate: `add tls.crt and tls.key in certSecretRef`.
    package var showCertificate: String?
    /// For a server that does not take the client certificate.
    package var replaceCertificate: String?
    /// For a server without TLS where TLS is demanded: `set insecure: true`.
    package var allowPlainHTTP: String?

    /// Advice; none without arguments.
    package init(
        trustAuthority: String? = nil, showCertificate: String? = nil, replaceCertificate: String? = nil,
        allowPlainHTTP: String? = nil
    ) {
        self.replaceCertificate = replaceCertificate
        self.trustAuthority = trustAuthority
        self.showCertificate = showCertificate
        self.allowPlainHTTP = allowPlainHTTP
    }

    /// The advice about a remedy, to be put behind a message; empty without any.
    func ending(_ remedy: HTTPTransportError.Remedy?) -> String {
        let text: String? =
            switch remedy {
            case .trustAuthority: trustAuthority
            case .showCertificate: showCertificate
            case .replaceCertificate: replaceCertificate
            case nil: nil
            }
        return text.map { "; \($0)" } ?? ""
    }
}
