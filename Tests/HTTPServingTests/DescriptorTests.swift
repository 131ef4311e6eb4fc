import Core
import Glibc
import HTTPServing
import Testing

/// What a server does when the process may open no more files. In a child: the limit is the whole process's.
@Suite struct DescriptorTests {
    /// How many descriptors are open.
    private static func openCount() -> Int { (0..<256).count { fcntl(CInt($0), F_GETFD) >= 0 } }

    private static func setLimit(_ limit: Int) throws {
        var limits = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else {
            throw RawClient.Failure(what: "getrlimit")
        }
        limits.rlim_cur = rlim_t(limit)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else {
            throw RawClient.Failure(what: "setrlimit")
        }
    }

    @Test(.timeLimit(.minutes(2))) func theSpareDescriptorComesBack() async throws {
        await #expect(processExitsWith: .success) {
            let handler = ImmediateHandler { _ in .text(200, "hello") }
            try await withServer(handler) {
                $0.threads = 1
            } _: { server in
                func ask(_ client: RawClient) throws {
                    try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                    guard try client.response().text == "hello\n" else { throw RawClient.Failure(what: "no answer") }
                }
                try ask(RawClient(port: server.port))
                try eventually("closed") { server.statistics.openConnections == 0 }
                // Not even the spare one's place may be used again: it is given up and lost.
                var before = 0
                let first = try RawClient(port: server.port) {
                    before = Self.openCount()
                    try Self.setLimit(3)
                }
                try eventually("the spare one is lost") { Self.openCount() == before - 1 }
                try Self.setLimit(256)
                try ask(first)
                // Now there is room for the spare one only, which serves to turn a client away.
                var fillers: [CInt] = []
                let second = try RawClient(port: server.port) {
                    while case let filler = dup(0), filler >= 0 { fillers.append(filler) }
                }
                guard try second.receive().isEmpty else { throw RawClient.Failure(what: "not shed") }
                for filler in fillers { close(filler) }
                try ask(RawClient(port: server.port))
            }
        }
    }
}
