import Core
import HTTPTransport
import OCI
import Testing

@testable import RegistryClient

@Suite("Tags are listed page by page")
struct TagListTests {
    private func tags(_ http: ScriptedClient) async throws -> [String] {
        try await RegistryClient.scripted(http) { $0.maximumAttempts = 1 }.repository(try repository()).tags(
            limit: 10_000_000)
    }

    private static func list(_ tags: [String]) -> String {
        #"{"name":"team/app","tags":["# + tags.map { "\"\($0)\"" }.joined(separator: ",") + "]}"
    }

    @Test("Links lead through the pages, whatever their form")
    func pages() async throws {
        let links = [
            #"</v2/team/app/tags/list?last=b&n=2>; rel="next""#,
            #"<https://ghcr.io/v2/team/app/tags/list?last=d>; foo="a,b"; rel=next"#,
            #"<https://elsewhere.example/>; rel="prev", <list?last=e>; rel="next""#, #"<list>; rel="first""#,
        ]
        let pages = [["a", "b"], ["c", "d"], [], ["e"]]
        let http = ScriptedClient { _, index in .answer(200, ["Link": links[index]], text: Self.list(pages[index])) }
        #expect(try await tags(http) == ["a", "b", "c", "d", "e"])
        #expect(
            http.lines == [
                "GET https://ghcr.io/v2/team/app/tags/list?n=1000",
                "GET https://ghcr.io/v2/team/app/tags/list?last=b&n=2",
                "GET https://ghcr.io/v2/team/app/tags/list?last=d",
                "GET https://ghcr.io/v2/team/app/tags/list?last=e",
            ])
    }

    @Test("A page size that is refused becomes a smaller one, then none")
    func pageSize() async throws {
        for (refused, expected) in [(1, "?n=100"), (2, "")] {
            let http = ScriptedClient { _, index in
                index < refused ? .answer(400, text: "{}") : .answer(200, text: Self.list(["a"]))
            }
            #expect(try await tags(http) == ["a"])
            #expect(http.lines.last == "GET https://ghcr.io/v2/team/app/tags/list\(expected)")
        }
        let missing = ScriptedClient { _, _ in .answer(404) }
        let error = await #expect(throws: RegistryError.self) { try await tags(missing) }
        #expect(error?.code == .notFound && missing.lines.count == 1)
    }

    @Test(
        "Links to elsewhere and circles are refused",
        arguments: [
            "https://evil.example/v2/team/app/tags/list", "//evil.example/x", "http://ghcr.io/v2/x",
            "https://ghcr.io:8443/x",
            "https://robot@ghcr.io/x", "/v2/team/app/tags/list?last=a", "", "ftp://ghcr.io/",
        ])
    func hostileLinks(target: String) async throws {
        let http = ScriptedClient { _, _ in
            .answer(200, ["Link": "<\(target)>; rel=\"next\""], text: Self.list(["a"]))
        }
        let error = await #expect(throws: RegistryError.self) { try await tags(http) }
        #expect(error?.code == .invalidResponse)
        #expect(http.lines.allSatisfy { $0.hasPrefix("GET https://ghcr.io/v2/") } && http.lines.count <= 2)
    }

    @Test("Credentials go with every page, and none to an answer's redirect target")
    func credentials() async throws {
        let http = ScriptedClient { exchange, _ in
            if exchange.url.contains("last") { return .answer(200, text: Self.list(["b"])) }
            return .answer(200, ["Link": "</v2/team/app/tags/list?last=a>; rel=next"], text: Self.list(["a"]))
        }
        let access = RegistryAccess(credential: .bearer(Redacted("secret")))
        let source = RegistryClient.scripted(http).repository(try repository(), access: access)
        #expect(try await source.tags(limit: 100) == ["a", "b"])
        #expect(http.exchanges.map(\.authorization) == ["Bearer secret", "Bearer secret"])
    }

    @Test("Several hundred thousand tags in one answer; names that are no tags are left out")
    func many() async throws {
        let names = (0..<300_000).map { "v1.0.\($0)" }
        let all = names + ["", "-x", "a b", "ä", "a\\u0041", "a\\\\\\\"", String(repeating: "x", count: 129), "../x"]
        let http = ScriptedClient { _, _ in .answer(200, text: Self.list(all)) }
        #expect(try await tags(http) == names)
    }

    @Test("The text is read the same however it is cut")
    func cuts() throws {
        let text =
            #" { "extra" : [1,{"tags":["no"]},"]"], "n":-1.5e3,"b":true, "name":"x\"}" ,"tags":["a" , "b\\","c","d\u0022"],"z":null}"#
        for size in 1...7 {
            var scanner = TagListScanner()
            var found: [String] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                try scanner.consume(Array(bytes[start..<min(start + size, bytes.count)])) { found.append($0) }
            }
            try scanner.finish()
            #expect(found == ["a", "c"])
        }
    }

    @Test("No tags", arguments: [#"{"name":"x","tags":null}"#, #"{"tags":[]}"#, #"{"name":"x"}"#, "{}"])
    func none(text: String) async throws {
        #expect(try await tags(ScriptedClient { _, _ in .answer(200, text: text) }).isEmpty)
    }

    @Test(
        "What is no list of tags is refused",
        arguments: [
            "", "[]", "<html></html>", #"{"tags":["a""#, #"{"tags":["a"]"#, #"{"tags":{"a":1}}"#, #"{"tags":[1]}"#,
            #"{"tags":"a"}"#, #"{"tags":["a",]}"#, #"{"tags":["a"],}"#, #"{"tags":["a"]} x"#, "{\"tags\":[\"a\u{1}\"]}",
            #"{"x":"# + String(repeating: "[", count: 1000),
        ])
    func refused(text: String) async throws {
        let error = await #expect(throws: RegistryError.self) {
            try await tags(ScriptedClient { _, _ in .answer(200, text: text) })
        }
        #expect(error?.code == .invalidResponse)
    }

    @Test("What the caller throws ends the listing")
    func early() async throws {
        let http = ScriptedClient { _, _ in
            .answer(200, ["Link": "<list?last=x>; rel=next"], text: Self.list(["a", "b"]))
        }
        #expect(try await RegistryClient.scripted(http).repository(try repository()).tags(limit: 1) == ["a"])
        #expect(http.lines.count == 1)
    }
}
