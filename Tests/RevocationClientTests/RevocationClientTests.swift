import Core
import HTTPTransport
import RevocationClient
import TestSupport
import Testing
import Verification

@Suite("Asking about revocation")
struct RevocationClientTests {
    /// Answers every request with its number, and remembers them.
    private final class Responder: HTTPClient {
        let requests = Locked<[HTTPRequest]>([])
        let status: Int

        init(status: Int = 200) { self.status = status }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            let number = requests.withLock { requests in
                requests.append(request)
                return requests.count
            }
            return HTTPResponse(status: status, body: HTTPBody(bytes: Array("answer \(number)".utf8)))
        }
    }

    private func question(_ url: String = "http://crl.test/list", timeout: Duration = .seconds(5)) -> RevocationRequest
    {
        RevocationRequest(kind: .revocationList, url: url, body: nil, limit: 100, timeout: timeout)
    }

    private static func through(_ proxy: String) throws -> ConnectionPolicy {
        ConnectionPolicy(proxy: .server(try ProxyServer(parsing: proxy)))
    }

    private func text(_ fetcher: any RevocationFetching, _ request: RevocationRequest) async throws -> String {
        String(decoding: try await fetcher.fetch(request), as: UTF8.self)
    }

    @Test("A request goes the way it is told, for as long as it may, without credentials")
    func way() async throws {
        let http = Responder()
        let policy = try Self.through("http://proxy.test:3128")
        _ = try await RevocationClient(http: http).fetching(over: policy).fetch(question(timeout: .seconds(3)))
        let request = try #require(http.requests.current.first)
        #expect(request.connection == policy && request.deadline == .seconds(3) && request.method == "GET")
        #expect(request.headers["Authorization"] == nil)
    }

    @Test("What was judged valid is given again, to those who go the same way only")
    func retained() async throws {
        let http = Responder(), time = ManualTime()
        let client = RevocationClient(http: http, time: time)
        let one = client.fetching(over: try Self.through("http://one.test:3128"))
        let other = client.fetching(over: try Self.through("http://other.test:3128"))
        one.retain(try await one.fetch(question()), for: question(), until: time.now + .seconds(60))
        #expect(try await text(one, question()) == "answer 1")
        #expect(
            try await text(one, question(timeout: .seconds(1))) == "answer 1", "how long one waits is no difference")
        let again = client.fetching(over: try Self.through("http://one.test:3128"))
        #expect(try await text(again, question()) == "answer 1", "another object with the same proxy")
        #expect(try await text(other, question()) == "answer 2", "what came through another's proxy is not trusted")
        #expect(try await text(client.fetching(over: ConnectionPolicy()), question()) == "answer 3")
        time.advance(by: .seconds(60))
        #expect(try await text(one, question()) == "answer 4")
    }

    @Test("Answers other than 200, and URLs other than http, are none")
    func refused() async throws {
        let http = Responder(status: 404)
        let fetcher = RevocationClient(http: http).fetching(over: ConnectionPolicy())
        let error = await #expect(throws: RevocationProblem.self) { try await fetcher.fetch(question()) }
        #expect(error?.description == "'http://crl.test/list' answered HTTP 404")
        await #expect(throws: RevocationProblem.self) { try await fetcher.fetch(question("https://crl.test/list")) }
        #expect(http.requests.current.count == 1)
    }
}
