package import Core
internal import HTTPTransport
package import OCI

extension Repository: ReferrerListing {
    private static let maximumReferrerPages = 100

    /// The referrers of a manifest: the referrers API, or the tag `<algorithm>-<hex>` where the registry has no such API
    /// (distribution specification 1.1, "Listing referrers").
    ///
    /// Descriptors are filtered by `artifactType` here, whatever the registry did, and each digest comes once. Those without
    /// a type, as an index under the tag may have them, are kept: only their manifest tells what they are.
    package func referrers(
        of digest: Digest, artifactType: String? = nil, limit: Int
    ) async throws -> [Descriptor] {
        let action = action("list", "the referrers of \(digest)")
        var collection = Collection(artifactType: artifactType.map { MediaType($0) }, limit: limit)
        var query = ""
        if let artifactType { query = "?artifactType=\(RegistryURL.encode(artifactType))" }
        var request = RegistryRequest(
            target: .path(path("referrers/\(digest)\(query)")),
            headers: ["Accept": MediaType.ociIndex.description], scope: readScope,
            accepted: [400, 404, 405, 406, 501], action: action)
        for page in 0..<Self.maximumReferrerPages {
            let (response, bytes) = try await fetch(request, limit: Manifest.maximumSize)
            let isIndex = MediaType(contentType: response.headers["Content-Type"] ?? "") == .ociIndex
            guard response.status == 200, isIndex else {
                // Registries without the API answer an error, or a page of something else.
                guard page == 0 else { throw failure(.invalidResponse, action, "page \(page + 1) is no image index") }
                return try await taggedReferrers(of: digest, &collection, action)
            }
            try add(bytes, to: &collection, action)
            guard !collection.isFull, let target = LinkHeader.next(response.headers) else {
                return collection.descriptors
            }
            let next = try ownPage(target, of: response, action)
            guard next != response.requestURL else {
                throw failure(.invalidResponse, action, "the registry's pages go round in a circle")
            }
            request.target = .url(next, from: response.requestURL.origin)
        }
        throw failure(.tooLarge, action, "there are more than \(Self.maximumReferrerPages) pages")
    }

    private func taggedReferrers(
        of digest: Digest, _ collection: inout Collection, _ action: String
    ) async throws(RegistryError) -> [Descriptor] {
        let tag = ManifestReference.referrersTag(of: digest)
        do throws(RegistryError) {
            let fetched = try await manifest(.tag(tag), action)
            guard fetched.descriptor.mediaType == .ociIndex else {
                throw failure(.invalidResponse, action, "the tag '\(tag)' is no image index")
            }
            try add(fetched.bytes, to: &collection, action)
        } catch {
            guard error.code == .notFound else { throw error }
        }
        return collection.descriptors
    }

    private func add(
        _ bytes: [UInt8], to collection: inout Collection, _ action: String
    ) throws(RegistryError) {
        do {
            guard case .index(let index) = try Manifest(parsing: bytes, contentType: .ociIndex) else { return }
            index.manifests.forEach { collection.add($0) }
        } catch {
            throw failure(.invalidResponse, action, error.message)
        }
    }

    private struct Collection {
        let artifactType: MediaType?
        let limit: Int
        private(set) var descriptors: [Descriptor] = []
        private var digests: Set<Digest> = []

        init(artifactType: MediaType?, limit: Int) {
            self.artifactType = artifactType
            self.limit = limit
        }

        var isFull: Bool { descriptors.count >= limit }

        mutating func add(_ descriptor: Descriptor) {
            guard !isFull, [nil, artifactType].contains(descriptor.artifactType) || artifactType == nil,
                digests.insert(descriptor.digest).inserted
            else { return }
            descriptors.append(descriptor)
        }
    }
}
