internal import Core
internal import HTTPTransport
internal import OCI

extension Repository: TagListing {
    private static let maximumPages = 20_000
    private static let maximumPageBytes: Int64 = 256 << 20
    private static let maximumTags = 10_000_000

    /// Calls `body` with every tag while the pages stream by.
    ///
    /// Asks for pages of a thousand, then of a hundred, then without a size, where a registry refuses. Pages are followed
    /// only within the registry's own origin.
    /// - Throws: `RegistryError`, and what `body` throws. After an error `body` may have seen some of the tags.
    package func forEachTag(_ body: (String) throws -> Void) async throws {
        let action = action("list", "the tags")
        var response = try await firstPage(action)
        var seen: Set<Int> = []
        var count = 0
        for _ in 0..<Self.maximumPages {
            try await read(response, action) { tag in
                count += 1
                guard count <= Self.maximumTags else {
                    throw failure(.tooLarge, action, "there are more than \(Self.maximumTags) tags")
                }
                try body(tag)
            }
            guard let next = try nextPage(response, action) else { return }
            var hasher = Hasher()
            next.text.utf8.forEach { hasher.combine($0) }
            guard seen.insert(hasher.finalize()).inserted else {
                throw failure(.invalidResponse, action, "the registry's pages go round in a circle")
            }
            response = try await exchanger.send(
                RegistryRequest(
                    target: .url(next, from: response.requestURL.origin), headers: Self.headers, scope: readScope,
                    action: action))
        }
        throw failure(.tooLarge, action, "there are more than \(Self.maximumPages) pages")
    }

    /// All tags at once, for commands; see `forEachTag(_:)` for repositories with many.
    package func tags(limit: Int) async throws -> [String] {
        struct Enough: Error {}
        var tags: [String] = []
        do {
            try await forEachTag { tag in
                guard tags.count < limit else { throw Enough() }
                tags.append(tag)
            }
        } catch is Enough {}
        return tags
    }

    private static let headers: HTTPFields = ["Accept": "application/json"]

    private func firstPage(_ action: String) async throws(RegistryError) -> RegistryResponse {
        let sizes = [shared.configuration.tagPageSize, 100].filter { $0 > 0 }.map { "?n=\($0)" } + [""]
        var lastFailure: RegistryError?
        for size in sizes {
            do throws(RegistryError) {
                return try await exchanger.send(
                    RegistryRequest(
                        target: .path(path("tags/list\(size)")), headers: Self.headers, scope: readScope, action: action
                    ))
            } catch {
                // Registries refuse a page size with different statuses; these ones mean something else.
                guard let status = error.httpStatus, (400..<500).contains(status),
                    ![401, 403, 404, 408, 429].contains(status)
                else { throw error }
                lastFailure = error
            }
        }
        throw lastFailure ?? failure(.invalidResponse, action, "no page size to try")
    }

    private func read(
        _ response: RegistryResponse, _ action: String, _ body: (String) throws -> Void
    ) async throws {
        var scanner = TagListScanner()
        var received: Int64 = 0
        var chunks = response.body.makeAsyncIterator()
        do {
            while let chunk = try await chunks.nextChunk() {
                received += Int64(chunk.count)
                shared.metrics.countReceived(host: reference.registry, bytes: chunk.count)
                guard received <= Self.maximumPageBytes else {
                    throw failure(.tooLarge, action, "a page is larger than \(Self.maximumPageBytes) bytes")
                }
                try scanner.consume(chunk, body)
            }
            try scanner.finish()
        } catch let fault as TagListScanner.Fault {
            throw failure(.invalidResponse, action, fault.reason, status: response.status)
        } catch let error as HTTPTransportError {
            if Task.isCancelled { throw RegistryError.cancelled(action) }
            throw deadline.failure(error, while: action, endpoint: reference.registry, advice: access.advice)
        }
    }

    private func nextPage(_ response: RegistryResponse, _ action: String) throws(RegistryError) -> RegistryURL? {
        guard let target = LinkHeader.next(response.headers) else { return nil }
        return try ownPage(target, of: response, action)
    }

    /// The URL of a further page, which must be the registry's own: no list goes on at somebody else's.
    func ownPage(_ target: String, of response: RegistryResponse, _ action: String) throws(RegistryError) -> RegistryURL
    {
        guard let url = response.requestURL.resolving(target) else {
            throw failure(.invalidResponse, action, "the link to the next page is not a usable URL")
        }
        guard url.origin == response.requestURL.origin else {
            throw failure(
                .invalidResponse, action,
                "the link to the next page leads to another server, '\(url.origin.scheme.rawValue)://\(url.origin.authority)', and is not followed"
            )
        }
        return url
    }
}
