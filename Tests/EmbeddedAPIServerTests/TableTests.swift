import Core
import Testing

@testable import EmbeddedAPIServer

@Suite struct TableTests {
    @Test(
        arguments: [
            (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"),
            (3 * 3600 - 1, "179m"), (3 * 3600, "3h"), (3 * 3600 + 60, "3h1m"), (8 * 3600, "8h"), (47 * 3600, "47h"),
            (48 * 3600, "2d"), (49 * 3600, "2d1h"), (8 * 86400, "8d"), (729 * 86400, "729d"), (730 * 86400, "2y"),
            (731 * 86400, "2y1d"), (8 * 365 * 86400, "8y"),
        ] as [(Int64, String)])
    func `spans of time`(seconds: Int64, text: String) {
        #expect(Age.text(seconds: seconds) == text)
    }

    private static let value: JSONValue = [
        "spec": ["url": "u", "a.b": 1, "list": [["n": 1], ["n": 2]]],
        "status": ["conditions": [["type": "Stalled", "status": "False"], ["type": "Ready", "status": "True"]]],
    ]

    @Test(arguments: [
        (".spec.url", ["\"u\""]), ("$.spec.url", ["\"u\""]),
        (#".status.conditions[?(@.type=="Ready")].status"#, ["\"True\""]),
        (#".status.conditions[?(@.type!='Ready')].status"#, ["\"False\""]), (".spec.list[*].n", ["1", "2"]),
        (".spec.list[-1].n", ["2"]), (".spec.list[9].n", []), (".spec['a.b']", ["1"]), (".nothing.here", []),
    ])
    func `paths of printer columns`(path: String, values: [String]) throws {
        #expect(try #require(JSONPath(parsing: path)).values(in: Self.value).map { $0.text() } == values)
    }

    @Test(arguments: ["spec", ".a[", ".a[?(x)]", ".a[b]"]) func `other paths are not understood`(path: String) {
        #expect(JSONPath(parsing: path) == nil)
    }
}
