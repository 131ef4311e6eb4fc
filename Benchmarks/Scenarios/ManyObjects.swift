import Core
import HTTPTransport
import TestSupport

/// 1,000 new objects until all are Ready, with the limits lifted and with the defaults; then a restart on that state.
enum ManyObjects {
    /// How the limits are lifted.
    static let concurrency = 8
    static var liftedFlags: [String] { ["--kube-api-qps=-1", "--concurrent=\(concurrency)"] }

    /// A tag for each object, so that no two ask the registry the same; all mean the same manifest.
    static func tags(_ count: Int) -> [String] { (0..<count).map { "v\($0)" } }

    static func run(_ options: Options) async throws -> [Figure] {
        let registry = try await BenchmarkRegistry()
        let folder = try TemporaryDirectory()
        let layer = try await Layers.random(1800, named: "small", in: folder)
        let digest = try await registry.push(layer, to: "app", tags: tags(options.objects))
        let count = options.objects
        let floor = try await self.floor(count, registry, digest)

        let controller = try await BenchmarkController(options, flags: liftedFlags)
        let lifted = try await Convergence.measure(count, controller, registry)
        let scenario = "\(count) new objects"
        var figures = lifted.figures("\(scenario), qps=-1, concurrent=\(concurrency)", floor: floor, limits: (10, 60))
        figures += try await Restart.measure(count, controller, registry)
        try await controller.stop()

        let limited = try await BenchmarkController(options)
        figures += try await Convergence.measure(count, limited, registry).figures(
            "\(scenario), default flags", floor: floor, limits: nil)
        try await limited.stop()
        return figures
    }

    /// The time that only the registry's part takes: the requests that each object needs, as many at a time.
    static func floor(_ count: Int, _ registry: BenchmarkRegistry, _ digest: String) async throws -> Double {
        let base = "http://\(registry.address)/v2/app"
        let begin = ContinuousClock.now
        try await HTTPStand.concurrently(count, width: concurrency) { index in
            for (method, path) in [
                ("HEAD", "manifests/v\(index)"), ("GET", "manifests/v\(index)"), ("GET", "blobs/\(digest)"),
            ] {
                var request = HTTPRequest(method: method, url: "\(base)/\(path)")
                request.headers["Accept"] = "application/vnd.oci.image.manifest.v1+json, */*"
                let response = try await HTTPStand.client.send(request)
                _ = try await response.body.collect(upTo: 1 << 20)
                guard response.status == 200 else {
                    throw BenchmarkFailure(description: "\(path): status \(response.status)")
                }
            }
        }
        return (ContinuousClock.now - begin).inSeconds
    }
}
