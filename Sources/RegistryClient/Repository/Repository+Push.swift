internal import Core
internal import Cryptography
internal import HTTPTransport
package import OCI

extension Repository {
    /// Makes sure that the repository has the blob: looks for it, takes it over from `mountingFrom` (another repository of
    /// the same registry), or uploads it.
    /// - Parameters:
    ///   - descriptor: the digest and size of the content; the registry checks them.
    ///   - chunkSize: bytes of each request (a chunked upload); nil sends everything in one.
    @discardableResult
    package func push(
        _ descriptor: Descriptor, content: BlobSource, mountingFrom other: RepositoryReference? = nil,
        chunkSize: Int64? = nil
    ) async throws(RegistryError) -> BlobPushOutcome {
        let action = action("push", "blob \(descriptor.digest)")
        guard content.size == descriptor.size else {
            throw failure(.content, action, "the content has \(content.size) bytes, not \(descriptor.size)")
        }
        if try await hasBlob(descriptor.digest) { return .existed }
        let (response, isMounted) = try await startUpload(of: descriptor.digest, from: other, action)
        if isMounted { return .mounted }
        let upload = try uploadURL(response, action)
        let scope = writeScope
        if let chunkSize, chunkSize > 0, descriptor.size > chunkSize {
            try await uploadChunks(descriptor, content, to: upload, size: chunkSize, scope, action)
        } else {
            _ = try await exchanger.send(
                uploadRequest("PUT", upload.withDigest(descriptor.digest), content, 0..<descriptor.size, scope, action)
            )
            .drained()
        }
        return .uploaded
    }

    /// Stores a manifest under a tag or its own digest.
    /// - Returns: its descriptor.
    @discardableResult
    package func push(
        manifest bytes: [UInt8], mediaType: MediaType, reference: ManifestReference? = nil
    ) async throws(RegistryError) -> Descriptor {
        try await put(manifest: bytes, mediaType, reference).descriptor
    }

    /// Stores a manifest and tells what the registry answered.
    func put(
        manifest bytes: [UInt8], _ mediaType: MediaType, _ reference: ManifestReference?
    ) async throws(RegistryError) -> (descriptor: Descriptor, headers: HTTPFields) {
        let digest = Digest.of(
            bytes, { if case .digest(let digest) = reference { digest.algorithm } else { .sha256 } }())
        let name = reference ?? .digest(digest)
        let action = action("push", Self.shown(name))
        try check(name, action)
        if case .digest(let wanted) = name, wanted != digest {
            throw failure(.content, action, "the manifest's digest is \(digest)")
        }
        let response = try await exchanger.send(
            RegistryRequest(
                method: "PUT", target: .path(path("manifests/\(name)")),
                headers: ["Content-Type": mediaType.description],
                body: RegistryRequest.Body(length: Int64(bytes.count)) { .bytes(bytes) }, scope: writeScope,
                action: action
            )
        ).drained()
        // A web server may say 200 to anything; what stores a manifest says 201 or what it stored (distribution
        // specification, "Pushing Manifests").
        let isStored = response.status == 201 || response.headers["Docker-Content-Digest"] != nil
        guard isStored else {
            throw failure(
                .invalidResponse, action,
                "HTTP \(response.status) in place of 201, is this a registry? Check its host and port",
                status: response.status)
        }
        if let text = response.headers["Docker-Content-Digest"], let stored = try? Digest(parsing: text),
            stored != digest
        {
            throw failure(.digestMismatch, action, "the registry stored \(stored), not \(digest)")
        }
        return (Descriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count)), response.headers)
    }

    /// Gives a manifest a further tag, byte for byte.
    /// - Returns: the manifest's descriptor.
    @discardableResult
    package func tag(_ reference: ManifestReference, as tag: String) async throws -> Descriptor {
        let manifest = try await fetchManifest(reference)
        return try await push(manifest: manifest.bytes, mediaType: manifest.descriptor.mediaType, reference: .tag(tag))
    }

    private func startUpload(
        of digest: Digest, from other: RepositoryReference?, _ action: String
    ) async throws(RegistryError) -> (response: RegistryResponse, isMounted: Bool) {
        var query = ""
        var scope = writeScope
        if let other, other.registry == reference.registry {
            query = "?mount=\(RegistryURL.encode(digest.description))&from=\(RegistryURL.encode(other.path))"
            scope = TokenScope(reference, writing: true, reading: other.path)
        }
        let response = try await exchanger.send(
            RegistryRequest(
                method: "POST", target: .path(path("blobs/uploads/\(query)")),
                body: RegistryRequest.Body(length: 0) { .none }, scope: scope, action: action
            )
        ).drained()
        return (response, response.status == 201 && other != nil)
    }

    /// Where the next part of an upload goes: what the registry says, relative to what was asked. Another server gets it
    /// without credentials, and none without TLS gets what was begun with it.
    private func uploadURL(_ response: RegistryResponse, _ action: String) throws(RegistryError) -> Upload {
        guard let url = response.headers["Location"].flatMap({ response.requestURL.resolving($0) }) else {
            throw failure(
                .invalidResponse, action, "the registry named no usable URL to upload to", status: response.status)
        }
        guard url.origin.scheme == .https || response.requestURL.origin.scheme == .http else {
            throw failure(
                .invalidResponse, action,
                "the registry speaks HTTPS but wants the upload at '\(url.origin.authority)' without TLS; configure its external URL",
                status: response.status)
        }
        return Upload(url: url, registry: response.requestURL.origin)
    }

    private struct Upload {
        let url: RegistryURL
        let registry: RegistryURL.Origin

        func withDigest(_ digest: Digest) -> Upload {
            Upload(url: url.appending(query: [("digest", digest.description)]), registry: registry)
        }
    }

    private func uploadRequest(
        _ method: String, _ upload: Upload, _ content: BlobSource, _ range: Range<Int64>, _ scope: TokenScope,
        _ action: String
    ) -> RegistryRequest {
        let length = range.upperBound - range.lowerBound
        return RegistryRequest(
            method: method, target: .url(upload.url, from: upload.registry),
            headers: ["Content-Type": "application/octet-stream"],
            body: RegistryRequest.Body(length: length) {
                length == 0 ? .none : .stream(length: length, try content.read(range))
            }, scope: scope, isRepeatable: false, action: action)
    }

    private func uploadChunks(
        _ descriptor: Descriptor, _ content: BlobSource, to first: Upload, size: Int64, _ scope: TokenScope,
        _ action: String
    ) async throws(RegistryError) {
        var upload = first
        var start: Int64 = 0
        while start < descriptor.size {
            let end = min(start + size, descriptor.size)
            var request = uploadRequest("PATCH", upload, content, start..<end, scope, action)
            request.headers["Content-Range"] = "\(start)-\(end - 1)"
            let response = try await exchanger.send(request).drained()
            let next = try uploadURL(response, action)
            // Only the registry's own answers say where its credentials go.
            upload = Upload(url: next.url, registry: upload.registry)
            start = end
        }
        _ = try await exchanger.send(
            uploadRequest("PUT", upload.withDigest(descriptor.digest), content, 0..<0, scope, action)
        ).drained()
    }
}

extension RegistryResponse {
    /// The same answer after its small body was read, so that its connection is free.
    func drained() async -> RegistryResponse {
        _ = try? await body.collect(upTo: ErrorResponse.maximumBody)
        return self
    }
}
