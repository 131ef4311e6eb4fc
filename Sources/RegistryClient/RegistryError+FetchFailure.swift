internal import OCI

extension RegistryError: FetchFailure {
    package var isNotFound: Bool { code == .notFound }
}
