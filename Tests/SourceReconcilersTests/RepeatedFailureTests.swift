import ControllerRuntime
import Core
import HTTPServing
import KubernetesAPI
import RegistryClient
import SourceReconcilers
import TestSupport
import Testing

/// A failure that goes on says the same, however its figures change: the status is written once and one event counts.
/// The figures are in the log.
@Suite(.timeLimit(.minutes(5))) struct RepeatedFailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var options = Workbench.Options()
        /// What the log says of the try.
        let figure: @Sendable (Int) -> String
        /// Lets the try of this number fail; they begin with 0.
        let arrange: @Sendable (Workbench, Int) async throws -> Void
    }

    private static let layer = TarArchive.layer(["a": String(repeating: "incompressible? ", count: 40), "b": "other"])

    private static func answering(
        _ name: String, figure: @escaping @Sendable (Int) -> String, options: Workbench.Options = .init(),
        to predicate: @escaping @Sendable (RegistryStandIn.Exchange) -> Bool = { _ in true },
        _ answer: @escaping @Sendable (Int) -> HTTPServerResponse
    ) -> Case {
        Case(testDescription: name, options: options, figure: figure) { bench, number in
            bench.registry.push("1.0.0", layer: layer)
            bench.registry.misbehave { predicate($0) ? answer(number) : nil }
        }
    }

    private static func streaming(_ count: Int, thenBreaks breaks: Bool) -> HTTPServerResponse {
        HTTPServerResponse(
            status: 200,
            body: .stream { writer in
                try await writer.write(Array(layer.prefix(count)))
                if breaks { throw ConnectionBreaks() }
            })
    }

    static let cases: [Case] = [
        answering("a wait that is counted down", figure: { "(\(9 - $0)s)" }) { number in
            RegistryStandIn.error(429, "TOOMANYREQUESTS", ["Retry-After": "\(9 - number)"])
        },
        answering(
            "a name for each request", figure: { "(35ad3e40-b6de-4571-b94a-4cd5a4a7c3d\($0))" }
        ) { number in
            let text = "authentication required. CorrelationId: 35ad3e40-b6de-4571-b94a-4cd5a4a7c3d\(number)"
            return HTTPServerResponse(
                status: 401, headers: ["Content-Type": "application/json"],
                body: .bytes(Array(#"{"errors":[{"code":"UNAUTHORIZED","message":"\#(text)"}]}"#.utf8)))
        },
        answering(
            "a connection that breaks here and there", figure: { "(after \(10 + $0) of \(layer.count) bytes)" },
            to: { $0.isBlob }
        ) { streaming(10 + $0, thenBreaks: true) },
        answering(
            "a layer that ends here and there", figure: { "(after \(10 + $0) bytes)" }, to: { $0.isBlob }
        ) { streaming(10 + $0, thenBreaks: false) },
        answering(
            "a pace that changes", figure: { "(\($0 + 1) bytes/s over 31s)" },
            options: {
                var options = Workbench.Options()
                options.registries.minimumDownloadRate = 1024
                options.registryTime = StridingTime(stride: .seconds(31))
                return options
            }(), to: { $0.isBlob }
        ) { number in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write(Array(layer.prefix(31 * (number + 1))))
                    try await Gate().pass()
                })
        },
        Case(
            testDescription: "a store that fills up", options: .init(sizeLimit: 200),
            figure: { "(it holds \(10 * ($0 + 1)) bytes)" }
        ) { bench, number in
            bench.registry.push("1.0.0", layer: [UInt8](repeating: 0, count: 199))
            // Other objects' artifacts take more of the room at each try.
            let name = "other-\(number)"
            bench.registry.push(name, layer: [UInt8](repeating: UInt8(number), count: 10))
            try await bench.create(name, ["ref": ["tag": .string(name)], "layerSelector": ["operation": "copy"]])
            try await bench.reconcile(name)
        },
    ]

    @Test(arguments: cases)
    func isToldOnce(_ fault: Case) async throws {
        try await Workbench.run(fault.options) { bench in
            var version: String?
            for number in 0..<3 {
                try await fault.arrange(bench, number)
                // Not what ends these tries.
                if number == 0 { try await bench.create("app", ["timeout": "90000m"]) }
                guard case .failed(let error, _) = try await bench.reconcile() else {
                    Issue.record("it does not fail")
                    return
                }
                let said = "\(error)"
                #expect(said.hasSuffix(fault.figure(number)), "\(said)")
                let object = try await bench.object()
                #expect(version == nil || object.metadata.resourceVersion == version, "try \(number) wrote the status")
                version = object.metadata.resourceVersion
                let message = object.status.condition(ConditionType.ready)?.message ?? ""
                #expect(said == "\(message) \(fault.figure(number))")
                bench.time.advance(by: .seconds(60))
            }
            let events = bench.events.all.filter { $0.object.name == "app" }
            #expect(events.count == 3 && Set(events.map(\.message)).count == 1, "\(events)")
        }
    }

    /// Retries that last longer than it takes for progress to be shown.
    @Test func aSlowRetryShowsNoProgress() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: Self.layer)
            bench.registry.misbehave { $0.isBlob ? RegistryStandIn.error(500, "UNKNOWN") : nil }
            try await bench.create()
            try await bench.reconcile()
            bench.api.forgetExchanges()

            func retry() async throws {
                let gate = Gate()
                bench.registry.misbehave { exchange in
                    guard exchange.isBlob else { return nil }
                    do { try await gate.pass() } catch { return .text(500, "left") }
                    return RegistryStandIn.error(500, "UNKNOWN")
                }
                let running = Task { try await bench.reconcile() }
                try await eventually("the download") { gate.arrivals == 1 }
                bench.time.advance(by: .seconds(1))
                gate.open()
                _ = try await running.value
            }
            for _ in 0..<2 { try await retry() }
            #expect(!bench.api.exchanges.contains { $0.isWrite }, "\(bench.api.exchanges)")

            // What somebody asks for is shown, and so is another revision.
            try await bench.request(at: "now")
            try await retry()
            #expect(bench.api.exchanges.filter(\.isWrite).count == 2)
            bench.api.forgetExchanges()
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "new"]))
            try await retry()
            #expect(bench.api.exchanges.filter(\.isWrite).count == 2)
        }
    }
}
