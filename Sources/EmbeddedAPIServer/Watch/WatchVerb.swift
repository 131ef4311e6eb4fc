internal import Core
internal import HTTPServing

/// Answers watches: a stream of the changes after a version, one JSON object per line.
///
/// A watch keeps no queue of its own: it holds the version it has reached and reads on from the store's history, so a
/// client that is slow costs nothing until its place is forgotten; then it is told to list anew (410).
struct WatchVerb: Sendable {
    let store: ObjectStore
    let request: APIRequest
    let time: any TimeSource

    private static let bookmarkInterval: Duration = .seconds(60)
    private static let batch = 64

    func respond() throws(APIStatus) -> HTTPServerResponse {
        let selection = try Selection(request)
        let encoder = try WatchEventEncoder(request: request, time: time)
        if request.query.has("sendInitialEvents") {
            return Self.failing(
                APIStatus(
                    code: 500, reason: "InternalError",
                    message: "a watch stream was requested by the client but the required storage feature "
                        + "RequestWatchProgress is disabled", details: nil), encoder)
        }
        let start = try startVersion()
        let identity = request.resource.storage
        if let start, start < store.forgottenVersion(identity) { return Self.failing(expired(start), encoder) }
        let timeout =
            request.query["timeoutSeconds"].flatMap { Int64($0) }.map { min(max($0, 0), 86_400) }
            ?? Int64.random(in: 1800...3600)
        let wantsBookmarks = request.query.flag("allowWatchBookmarks")
        return HTTPServerResponse(
            status: 200,
            headers: ["Content-Type": encoder.contentType, "Cache-Control": "no-cache, private"],
            body: .stream { writer in
                try await run(
                    writer, encoder: encoder, selection: selection, from: start, timeout: .seconds(timeout),
                    wantsBookmarks: wantsBookmarks)
            })
    }

    /// The version to start after; nil: start with what there is.
    private func startVersion() throws(APIStatus) -> UInt64? {
        guard let text = request.query["resourceVersion"], text != "0" else { return nil }
        guard let version = UInt64(text) else {
            throw .invalid(
                kind: "ListOptions", group: "meta.k8s.io", name: "",
                errors: [
                    .invalid(
                        "resourceVersion", .string(text), "strconv.ParseUint: parsing \"\(text)\": invalid syntax")
                ])
        }
        return version
    }

    private static func failing(_ status: APIStatus, _ encoder: WatchEventEncoder) -> HTTPServerResponse {
        .json(200, encoder.line("ERROR", status.object.serialized()), headers: ["Content-Type": encoder.contentType])
    }

    private func expired(_ version: UInt64) -> APIStatus {
        .expired("too old resource version: \(version) (\(store.forgottenVersion(request.resource.storage)))")
    }

    private func run(
        _ writer: any HTTPResponseWriter, encoder: WatchEventEncoder, selection: Selection, from start: UInt64?,
        timeout: Duration, wantsBookmarks: Bool
    ) async throws {
        let identity = request.resource.storage
        let (signal, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = store.addWatcher(identity, signal: continuation)
        let deadline = time.uptime + timeout
        let clock = Task { [time] in
            await Self.tick(time: time, until: deadline, withBookmarks: wantsBookmarks, continuation)
        }
        defer {
            clock.cancel()
            store.removeWatcher(identity, number)
            continuation.finish()
        }
        var encoder = encoder
        var version: UInt64
        if let start {
            version = start
        } else {
            let (objects, newest) = store.objects(identity, namespace: selection.namespace)
            version = newest
            var bytes: [UInt8] = []
            for object in objects where selection.matches(object) {
                bytes += encoder.event("ADDED", object)
                if bytes.count > 1 << 16 {
                    try await writer.write(bytes)
                    bytes.removeAll(keepingCapacity: true)
                }
            }
            if !bytes.isEmpty { try await writer.write(bytes) }
        }
        continuation.yield()
        var nextBookmark = firstBookmark(deadline: deadline)
        for await _ in signal {
            while true {
                // Read before the changes: whatever has come by then is among them, so a bookmark may say so.
                let newest = store.version
                guard let changes = store.changes(identity, after: version, count: Self.batch) else {
                    return try await writer.write(encoder.line("ERROR", expired(version).object.serialized()))
                }
                guard let last = changes.last else {
                    version = max(version, newest)
                    break
                }
                var bytes: [UInt8] = []
                for change in changes { bytes += encoder.event(change, selection: selection) }
                version = last.version
                if !bytes.isEmpty { try await writer.write(bytes) }
            }
            if time.uptime >= deadline { return }
            if wantsBookmarks, time.uptime >= nextBookmark {
                try await writer.write(encoder.bookmark(version))
                nextBookmark = min(
                    time.uptime + Self.bookmarkInterval, max(deadline - .seconds(1), time.uptime + .seconds(1)))
            }
        }
    }

    private func firstBookmark(deadline: Duration) -> Duration {
        min(time.uptime + Self.bookmarkInterval, deadline - .seconds(2))
    }

    /// Wakes the watch when a bookmark may be due, and at its end.
    private static func tick(
        time: any TimeSource, until deadline: Duration, withBookmarks: Bool, _ signal: AsyncStream<Void>.Continuation
    ) async {
        while time.uptime < deadline {
            let rest = deadline - time.uptime
            var pause = rest
            if withBookmarks {
                pause = rest > .seconds(2) ? min(rest - .seconds(2), bookmarkInterval) : min(rest, .seconds(1))
            }
            guard (try? await time.sleep(for: pause)) != nil else { return }
            signal.yield()
        }
    }
}
