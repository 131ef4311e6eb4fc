internal import OCI
internal import RegistryClient

/// What whoever typed a command can do about a failure.
enum CommandAdvice {
    static let registry = RegistryAdvice(
        trustAuthority:
            "name a file with its CA in the environment variable SSL_CERT_FILE, or use --insecure-registry to check none",
        showCertificate: "sourcectl has none to show: use a way to the registry that asks for none",
        allowPlainHTTP: "use --insecure-registry")

    /// The next step after `error`, to be put behind its message; empty where the message says it.
    static func ending(_ error: OCIError) -> String {
        error.code == .ambiguousIndex ? ". Name one by its digest: oci://<repository>@<digest>" : ""
    }
}
