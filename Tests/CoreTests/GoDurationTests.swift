import Core
import Testing

@Suite struct GoDurationTests {
    @Test(
        arguments: [
            ("0", 0), ("5s", 5_000_000_000), ("30s", 30_000_000_000), ("1478s", 1_478_000_000_000),
            ("-5s", -5_000_000_000), ("+5s", 5_000_000_000), ("-0", 0), ("+0", 0),
            ("5.0s", 5_000_000_000), ("5.6s", 5_600_000_000), ("5.s", 5_000_000_000), (".5s", 500_000_000),
            ("1.004s", 1_004_000_000), ("100.00100s", 100_001_000_000),
            ("10ns", 10), ("11us", 11_000), ("12\u{b5}s", 12_000), ("12\u{3bc}s", 12_000), ("13ms", 13_000_000),
            ("14s", 14_000_000_000), ("15m", 900_000_000_000), ("16h", 57_600_000_000_000),
            ("3h30m", 12_600_000_000_000), ("10.5s4m", 250_500_000_000), ("-2m3.4s", -123_400_000_000),
            ("1h2m3s4ms5us6ns", 3_723_004_005_006),
            ("39h9m14.425s", 140_954_425_000_000),
            ("52763797000ns", 52_763_797_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("9007199254740993ns", 9_007_199_254_740_993),
            ("9223372036854775807ns", Int64.max), ("9223372036854775.807us", Int64.max),
            ("9223372036s854ms775us807ns", Int64.max), ("-9223372036854775808ns", Int64.min),
            ("-9223372036854775.808us", Int64.min), ("-9223372036s854ms775us808ns", Int64.min),
            ("0.100000000000000000000h", 360_000_000_000),
            ("0.830103483285477580700h", 2_988_372_539_827), ("00001s", 1_000_000_000),
        ] as [(String, Int64)])
    func parses(text: String, nanoseconds: Int64) throws {
        #expect(try GoDuration(parsing: text).nanoseconds == nanoseconds)
        let duration = try GoDuration(parsing: text)
        #expect(try GoDuration(parsing: duration.description) == duration)
    }

    @Test(arguments: [
        ("", #"time: invalid duration """#), ("3", #"time: missing unit in duration "3""#),
        ("-", #"time: invalid duration "-""#), ("s", #"time: invalid duration "s""#),
        (".", #"time: invalid duration ".""#), ("-.", #"time: invalid duration "-.""#),
        (".s", #"time: invalid duration ".s""#), ("+.s", #"time: invalid duration "+.s""#),
        ("1d", #"time: unknown unit "d" in duration "1d""#), ("5 m", #"time: unknown unit " m" in duration "5 m""#),
        ("1\u{e9}", #"time: unknown unit "\xc3\xa9" in duration "1\xc3\xa9""#),
        ("5\"", #"time: unknown unit "\"" in duration "5\"""#), ("1s ", #"time: unknown unit "s " in duration "1s ""#),
        ("9223372036854775808ns", #"time: invalid duration "9223372036854775808ns""#),
        ("9223372036854775810ns", #"time: invalid duration "9223372036854775810ns""#),
        ("-9223372036854775809ns", #"time: invalid duration "-9223372036854775809ns""#),
        ("9223372036854775.808us", #"time: invalid duration "9223372036854775.808us""#),
        ("9223372036854ms775us808ns", #"time: invalid duration "9223372036854ms775us808ns""#),
        ("3000000h", #"time: invalid duration "3000000h""#), ("--1s", #"time: invalid duration "--1s""#),
        ("99999999999999999999999s", #"time: invalid duration "99999999999999999999999s""#),
    ])
    func refuses(text: String, message: String) {
        let error = #expect(throws: GoDuration.ParsingError.self) { try GoDuration(parsing: text) }
        #expect(error?.description == message)
    }

    @Test func boundsTheMessage() {
        let error = #expect(throws: GoDuration.ParsingError.self) {
            try GoDuration(parsing: String(repeating: "x", count: 100_000))
        }
        #expect((error?.description.utf8.count ?? .max) < 400)
    }

    @Test(
        arguments: [
            (0, "0s"), (1, "1ns"), (1_100, "1.1µs"), (2_200_000, "2.2ms"), (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"), (245_001_000_000, "4m5.001s"), (18_367_001_000_000, "5h6m7.001s"),
            (480_000_000_001, "8m0.000000001s"), (3_600_000_000_000, "1h0m0s"), (60_000_000_000, "1m0s"),
            (-1, "-1ns"), (-90_000_000_000, "-1m30s"), (999_999_999, "999.999999ms"), (1_000, "1µs"),
            (Int64.max, "2562047h47m16.854775807s"), (Int64.min, "-2562047h47m16.854775808s"),
        ] as [(Int64, String)])
    func writes(nanoseconds: Int64, text: String) {
        #expect(GoDuration(.nanoseconds(nanoseconds)).description == text)
    }

    @Test func saturates() {
        #expect(GoDuration(.seconds(Int64.max)).nanoseconds == .max)
        #expect(GoDuration(.seconds(Int64.min)).nanoseconds == .min)
        #expect(GoDuration(.seconds(9_223_372_036) + .nanoseconds(999_999_999)).nanoseconds == .max)
    }
}
