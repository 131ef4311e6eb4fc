internal import Core
internal import Cryptography
internal import HTTPTransport
package import OCI

extension Repository: ManifestFetching {
    private static let digestHeader = "Docker-Content-Digest"

    /// The descriptor that the registry answers for `reference`: one HEAD, or a GET where the registry refuses HEAD or
    /// leaves out digest or size. Equal requests under way are shared, also between objects.
    package func resolve(_ reference: ManifestReference) async throws -> Descriptor {
        try await descriptor(of: reference)
    }

    private func descriptor(of reference: ManifestReference) async throws(RegistryError) -> Descriptor {
        let action = action("resolve", Self.shown(reference))
        try check(reference, action)
        let key = ResolutionKey(
            repository: self.reference, reference: reference, access: access.key, timeout: access.timeout)
        do throws(RegistryError) {
            return try await shared.resolutions.shared(key) { () async throws(RegistryError) in
                try await resolveAlone(reference, action)
            }
        } catch {
            // Whoever started the shared request may have had less time left than we have.
            let isOthersEnd = error.code == .cancelled || (error.code == .timeout && error.transportCode == nil)
            guard isOthersEnd, !Task.isCancelled, deadline.allows(.seconds(1)) else { throw error }
        }
        return try await resolveAlone(reference, action)
    }

    private func resolveAlone(
        _ reference: ManifestReference, _ action: String
    ) async throws(RegistryError) -> Descriptor {
        do throws(RegistryError) {
            if let descriptor = try await head(reference, action) { return descriptor }
        } catch {
            // HEAD has no body: GET may work where it is not supported, and says more where neither does.
            guard let status = error.httpStatus, (400..<500).contains(status), status != 429, status != 408,
                error.code != .digestMismatch
            else { throw error }
        }
        return try await manifest(reference, action).descriptor
    }

    private func head(_ reference: ManifestReference, _ action: String) async throws(RegistryError) -> Descriptor? {
        let response = try await exchanger.send(request("HEAD", reference, action))
        // HEAD has no body; reading to the end frees the connection.
        _ = try? await response.body.collect(upTo: 0)
        let type = MediaType(contentType: response.headers["Content-Type"] ?? "")
        try refuseSchema1(type, action)
        guard let text = response.headers[Self.digestHeader], let digest = try? Digest(parsing: text),
            let size = response.headers["Content-Length"].flatMap({ Int64($0) }), size > 0,
            type.isImageManifest || type.isIndex
        else { return nil }
        if case .digest(let wanted) = reference, wanted != digest {
            throw failure(.digestMismatch, action, "the registry answered for \(digest)", status: response.status)
        }
        return Descriptor(mediaType: type, digest: digest, size: size)
    }

    /// The manifest's bytes, at most 4 MiB; their digest is the one asked for, or for a tag the one that the registry says.
    package func fetchManifest(_ reference: ManifestReference) async throws -> FetchedManifest {
        try await manifest(reference, action("read", Self.shown(reference)))
    }

    func manifest(_ reference: ManifestReference, _ action: String) async throws(RegistryError) -> FetchedManifest {
        try check(reference, action)
        let (response, bytes) = try await fetch(request("GET", reference, action), limit: Manifest.maximumSize)
        let type = MediaType(contentType: response.headers["Content-Type"] ?? "")
        try refuseSchema1(type, action)
        if ErrorResponse.looksLikeHTML(bytes) {
            throw failure(.invalidResponse, action, ErrorResponse.notJSON)
        }
        let claimed = response.headers[Self.digestHeader].flatMap { try? Digest(parsing: $0) }
        let expected: Digest? = if case .digest(let digest) = reference { digest } else { claimed }
        let found = Digest.of(bytes, expected?.algorithm ?? .sha256)
        guard expected == nil || found == expected else {
            throw failure(
                .digestMismatch, action,
                "the registry sent other bytes: their digest is \(found), not \(expected?.description ?? "")")
        }
        // Without a telling header the document says what it is.
        let own = (try? JSONValue(parsing: bytes))?["mediaType"]?.stringValue
        let mediaType = type.isImageManifest || type.isIndex ? type : own.map { MediaType($0) } ?? type
        return FetchedManifest(
            descriptor: Descriptor(mediaType: mediaType, digest: found, size: Int64(bytes.count)), bytes: bytes)
    }

    private func request(_ method: String, _ reference: ManifestReference, _ action: String) -> RegistryRequest {
        RegistryRequest(
            method: method, target: .path(path("manifests/\(reference)")),
            headers: ["Accept": MediaType.acceptedManifests.map(\.description).joined(separator: ", ")],
            scope: readScope, action: action)
    }

    func check(_ reference: ManifestReference, _ action: String) throws(RegistryError) {
        guard case .tag(let tag) = reference else { return }
        do { try ManifestReference.validate(tag: tag) } catch {
            throw failure(.invalidReference, action, error.message)
        }
    }

    private func refuseSchema1(_ type: MediaType, _ action: String) throws(RegistryError) {
        guard type.isSchema1 else { return }
        throw failure(
            .invalidResponse, action,
            "it is a manifest of Docker's schema 1, which is not supported; push the artifact again with a current tool"
        )
    }
}
