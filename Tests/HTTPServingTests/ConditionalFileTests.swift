import Core
import Foundation
import HTTPServing
import Testing

@Suite(.serialized) struct ConditionalFileTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var method = "GET"
        var headers: HTTPFields = [:]
        let status: Int
        var part: Range<Int64>?
        var contentRange: String?
        var testDescription: String { name }
    }

    static let modified = "Sun, 06 Nov 1994 08:49:37 GMT"
    static let before = "Sun, 06 Nov 1994 08:49:36 GMT"
    static let after = "Sun, 06 Nov 1994 08:49:38 GMT"

    static let rows: [Row] = [
        Row(name: "plain", status: 200),
        Row(name: "HEAD", method: "HEAD", status: 200),
        Row(name: "POST", method: "POST", status: 405),
        // If-None-Match
        Row(name: "same tag", headers: ["If-None-Match": "\"v1\""], status: 304),
        Row(name: "same tag, HEAD", method: "HEAD", headers: ["If-None-Match": "\"v1\""], status: 304),
        Row(name: "weak comparison", headers: ["If-None-Match": "W/\"v1\""], status: 304),
        Row(name: "in a list", headers: ["If-None-Match": "\"v0\", W/\"x\" ,\"v1\""], status: 304),
        Row(name: "a comma within a tag", headers: ["If-None-Match": "\"v0,\", \"v1\""], status: 304),
        Row(name: "any", headers: ["If-None-Match": " * "], status: 304),
        Row(name: "another tag", headers: ["If-None-Match": "\"v2\""], status: 200),
        Row(name: "no quotes", headers: ["If-None-Match": "v1"], status: 200),
        Row(name: "case matters", headers: ["If-None-Match": "\"V1\""], status: 200),
        Row(
            name: "two lines",
            headers: HTTPFields([
                .init(name: "If-None-Match", value: "\"a\""),
                .init(name: "if-none-match", value: "\"v1\""),
            ]), status: 304),
        // If-Modified-Since
        Row(name: "not modified", headers: ["If-Modified-Since": modified], status: 304),
        Row(name: "not modified for long", headers: ["If-Modified-Since": after], status: 304),
        Row(name: "modified", headers: ["If-Modified-Since": before], status: 200),
        Row(name: "no date", headers: ["If-Modified-Since": "yesterday"], status: 200),
        Row(
            name: "tag before date", headers: ["If-None-Match": "\"v2\"", "If-Modified-Since": modified], status: 200),
        // If-Match, If-Unmodified-Since
        Row(name: "match", headers: ["If-Match": "\"v1\""], status: 200),
        Row(name: "match any", headers: ["If-Match": "*"], status: 200),
        Row(name: "match other", headers: ["If-Match": "\"v2\""], status: 412),
        Row(name: "match is strong", headers: ["If-Match": "W/\"v1\""], status: 412),
        Row(name: "match malformed", headers: ["If-Match": "v1"], status: 412),
        Row(name: "unmodified", headers: ["If-Unmodified-Since": modified], status: 200),
        Row(name: "modified since", headers: ["If-Unmodified-Since": before], status: 412),
        Row(
            name: "match before date", headers: ["If-Match": "\"v1\"", "If-Unmodified-Since": before], status: 200),
        Row(
            name: "match, then none match", headers: ["If-Match": "\"v1\"", "If-None-Match": "\"v1\""], status: 304),
        // Range
        Row(
            name: "first bytes", headers: ["Range": "bytes=0-4"], status: 206, part: 0..<5, contentRange: "bytes 0-4/10"
        ),
        Row(name: "one byte", headers: ["Range": "bytes=9-9"], status: 206, part: 9..<10, contentRange: "bytes 9-9/10"),
        Row(name: "open end", headers: ["Range": "bytes=3-"], status: 206, part: 3..<10, contentRange: "bytes 3-9/10"),
        Row(name: "suffix", headers: ["Range": "bytes=-3"], status: 206, part: 7..<10, contentRange: "bytes 7-9/10"),
        Row(
            name: "long suffix", headers: ["Range": "bytes=-99"], status: 206, part: 0..<10,
            contentRange: "bytes 0-9/10"),
        Row(
            name: "past the end", headers: ["Range": "bytes=8-99"], status: 206, part: 8..<10,
            contentRange: "bytes 8-9/10"),
        Row(
            name: "huge end", headers: ["Range": "bytes=8-99999999999999999999"], status: 206, part: 8..<10,
            contentRange: "bytes 8-9/10"),
        Row(
            name: "unit in capitals", headers: ["Range": "Bytes=0-0"], status: 206, part: 0..<1,
            contentRange: "bytes 0-0/10"),
        Row(name: "behind the end", headers: ["Range": "bytes=10-"], status: 416, contentRange: "bytes */10"),
        Row(
            name: "far behind", headers: ["Range": "bytes=99999999999999999999-"], status: 416,
            contentRange: "bytes */10"),
        Row(name: "suffix of nothing", headers: ["Range": "bytes=-0"], status: 416, contentRange: "bytes */10"),
        Row(name: "several", headers: ["Range": "bytes=0-1,3-4"], status: 200),
        Row(name: "backwards", headers: ["Range": "bytes=4-2"], status: 200),
        Row(name: "negative", headers: ["Range": "bytes=--1"], status: 200),
        Row(name: "empty", headers: ["Range": "bytes=-"], status: 200),
        Row(name: "no number", headers: ["Range": "bytes=a-b"], status: 200),
        Row(name: "plus sign", headers: ["Range": "bytes=+1-3"], status: 200),
        Row(name: "other unit", headers: ["Range": "items=0-1"], status: 200),
        Row(name: "HEAD has no ranges", method: "HEAD", headers: ["Range": "bytes=0-1"], status: 200),
        Row(name: "condition first", headers: ["Range": "bytes=0-1", "If-None-Match": "\"v1\""], status: 304),
        // If-Range
        Row(
            name: "if-range tag", headers: ["Range": "bytes=0-1", "If-Range": "\"v1\""], status: 206, part: 0..<2,
            contentRange: "bytes 0-1/10"),
        Row(name: "if-range other tag", headers: ["Range": "bytes=0-1", "If-Range": "\"v2\""], status: 200),
        Row(name: "if-range weak", headers: ["Range": "bytes=0-1", "If-Range": "W/\"v1\""], status: 200),
        Row(
            name: "if-range date", headers: ["Range": "bytes=0-1", "If-Range": modified], status: 206, part: 0..<2,
            contentRange: "bytes 0-1/10"),
        Row(name: "if-range later date", headers: ["Range": "bytes=0-1", "If-Range": after], status: 200),
        Row(name: "if-range other, unsatisfiable", headers: ["Range": "bytes=99-", "If-Range": "\"v2\""], status: 200),
        Row(name: "if-range alone", headers: ["If-Range": "\"v2\""], status: 200),
    ]

    @Test(arguments: rows) func answers(row: Row) throws {
        let content = try TestFile(Array("0123456789".utf8))
        let responder = ConditionalFileResponder(
            file: try ServedFile(path: content.path), entityTag: try #require(EntityTag("v1")),
            lastModified: Timestamp(httpDate: Self.modified), headers: ["Content-Type": "application/gzip"])
        let response = responder.respond(
            to: HTTPServerRequest(method: row.method, path: "/f", headers: row.headers))
        #expect(response.status == row.status)
        #expect(response.headers["Content-Range"] == row.contentRange)
        var part: Range<Int64>?
        if case .file(_, let range) = response.body {
            part = range
            #expect([200, 206].contains(response.status))
            #expect(response.headers["Content-Type"] == "application/gzip")
        } else {
            #expect(![200, 206].contains(response.status))
        }
        #expect(part == row.part)
        if row.status != 405 {
            #expect(response.headers["ETag"] == "\"v1\"")
            #expect(response.headers["Accept-Ranges"] == "bytes")
            #expect(response.headers["Last-Modified"] == Self.modified)
        }
    }

    @Test func anEmptyFileHasNoRanges() throws {
        let content = try TestFile([])
        let responder = ConditionalFileResponder(
            file: try ServedFile(path: content.path), entityTag: try #require(EntityTag("e")))
        for range in ["bytes=0-", "bytes=-1"] {
            let response = responder.respond(to: HTTPServerRequest(path: "/", headers: ["Range": range]))
            #expect(response.status == 416)
            #expect(response.headers["Content-Range"] == "bytes */0")
        }
    }

    @Test func refusesWhatIsNoRegularFile() throws {
        let content = try TestFile([1])
        let link = content.path + ".link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: content.path)
        defer { try? FileManager.default.removeItem(atPath: link) }
        for path in ["/", "/dev/null", link, content.path + ".missing"] {
            let error = #expect(throws: HTTPServingError.self) { try ServedFile(path: path) }
            #expect(error?.code == .file)
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test(arguments: ["a\"b", "a b", "a\r\n"]) func tagsThatCannotBeQuotedAreRefused(text: String) {
        #expect(EntityTag(text) == nil)
    }
}
