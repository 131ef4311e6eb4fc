internal import OCI
internal import RegistryClient

/// What whoever wrote an object can do about a failure, in the words of its spec.
enum SpecAdvice {
    static let registry = RegistryAdvice(
        trustAuthority: "add its CA as ca.crt in certSecretRef",
        showCertificate: "add tls.crt and tls.key in certSecretRef",
        replaceCertificate:
            "check that it trusts the CA of tls.crt in certSecretRef, and that tls.crt has not expired",
        allowPlainHTTP: "set insecure: true")

    /// The next step after `error`, to be put behind its message; empty where the message says it.
    static func ending(_ error: OCIError) -> String {
        error.code == .ambiguousIndex
            ? ". Name a digest in spec.ref.digest or a media type in spec.layerSelector" : ""
    }
}
