package import OCI
package import RegistryClient

/// One repository, as reconciles read it.
package protocol SourceRepository: ManifestFetching, BlobFetching, ReferrerListing, TagListing {}

/// Opens repositories for one reconcile each.
package protocol SourceRegistry: Sendable {
    /// The repository, reached as `access` says; the access's timeout starts now.
    func repository(_ reference: RepositoryReference, access: RegistryAccess) -> any SourceRepository
}

extension Repository: SourceRepository {}

/// Repositories of real registries.
package struct RemoteRegistry: SourceRegistry {
    private let client: RegistryClient

    /// Repositories that `client` reaches.
    package init(_ client: RegistryClient) { self.client = client }

    package func repository(_ reference: RepositoryReference, access: RegistryAccess) -> any SourceRepository {
        let repository: Repository = client.repository(reference, access: access)
        return repository
    }
}
