import Core
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0), ("2026-11-20T09:49:46Z", 1_795_168_186, 0),
            ("2026-11-20T10:49:46+01:00", 1_795_168_186, 0), ("2026-11-20T04:19:46-05:30", 1_795_168_186, 0),
            ("2026-11-20t09:49:46z", 1_795_168_186, 0), ("2026-11-20T09:49:46.5Z", 1_795_168_186, 500_000_000),
            ("2026-11-20T09:49:46.000001Z", 1_795_168_186, 1_000),
            ("2026-11-20T09:49:46.1234567899999Z", 1_795_168_186, 123_456_789),
            ("2000-02-29T23:59:59Z", 951_868_799, 0), ("1969-12-31T23:59:59Z", -1, 0),
            ("0000-01-01T00:00:00Z", -62_167_219_200, 0), ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
            ("9999-12-31T23:59:59Z", 253_402_300_799, 0), ("1900-03-01T00:00:00Z", -2_203_891_200, 0),
        ] as [(String, Int64, Int32)])
    func parsesRFC3339(text: String, seconds: Int64, nanoseconds: Int32) {
        #expect(Timestamp(rfc3339: text) == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "2026-11-20", "2026-11-20T09:49:46", "2026-11-20 09:49:46Z", "2026-13-20T09:49:46Z",
        "2026-00-20T09:49:46Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-11-31T00:00:00Z",
        "2026-11-20T24:00:00Z", "2026-11-20T09:60:46Z", "2026-11-20T09:49:60Z", "2026-11-20T09:49:46.Z",
        "2026-11-20T09:49:46+1:00", "2026-11-20T09:49:46+0100", "2026-11-20T09:49:46+24:00",
        "2026-11-20T09:49:46+01:60", "2026-11-20T09:49:46Zx", "226-11-20T09:49:46Z", "+026-11-20T09:49:46Z",
        "2026-11-20T09:49:46.\(String(repeating: "1", count: 100))Z",
    ])
    func refusesRFC3339(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func writesRFC3339() {
        let time = Timestamp(seconds: 1_795_168_186, nanoseconds: 987_654_321)
        #expect(time.rfc3339 == "2026-11-20T09:49:46Z")
        #expect(time.rfc3339Micro == "2026-11-20T09:49:46.987654Z")
        #expect(time.rfc3339(fractionDigits: 3) == "2026-11-20T09:49:46.987Z")
        #expect(Timestamp(seconds: 0).rfc3339Micro == "1970-01-01T00:00:00.000000Z")
        #expect(Timestamp(seconds: -1).rfc3339 == "1969-12-31T23:59:59Z")
        #expect(Timestamp(seconds: .max).rfc3339 == "9999-12-31T23:59:59Z")
        #expect(Timestamp(seconds: .min).rfc3339 == "0000-01-01T00:00:00Z")
    }

    @Test func everyDayOfFourCenturiesSurvives() {
        var expectedDay = 0
        for day in stride(from: Int64(-140_000), through: 140_000, by: 1) {
            let time = Timestamp(seconds: day * 86_400 + 43_200)
            if Timestamp(rfc3339: time.rfc3339) != time { expectedDay += 1 }
        }
        #expect(expectedDay == 0)
    }

    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Sun Nov 16 08:49:37 1994", 784_975_777),
            ("Friday, 20-Nov-26 09:49:46 GMT", 1_795_168_186), ("Saturday, 01-Jan-77 00:00:00 GMT", 220_924_800),
            ("Friday, 01-Jan-76 00:00:00 GMT", 3_345_062_400),
        ] as [(String, Int64)])
    func parsesHTTPDates(text: String, seconds: Int64) {
        let now = Timestamp(seconds: 1_795_168_186)
        #expect(Timestamp(httpDate: text, now: now) == Timestamp(seconds: seconds))
    }

    @Test(arguments: [
        "", "Sun, 06 Nov 1994 08:49:37", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
        "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 25:49:37 GMT", "784111777",
    ])
    func refusesHTTPDates(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }

    @Test func writesHTTPDates() {
        #expect(Timestamp(seconds: 784_111_777).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(Timestamp(seconds: 0).httpDate == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(Timestamp(seconds: -86_400).httpDate == "Wed, 31 Dec 1969 00:00:00 GMT")
    }

    @Test func addsDurations() {
        let time = Timestamp(seconds: 10, nanoseconds: 900_000_000)
        #expect(time + .milliseconds(200) == Timestamp(seconds: 11, nanoseconds: 100_000_000))
        #expect(time + .milliseconds(-950) == Timestamp(seconds: 9, nanoseconds: 950_000_000))
        #expect((time + .seconds(5)) - time == .seconds(5))
        #expect(Timestamp(seconds: .max) + .seconds(1) == Timestamp(seconds: .max))
    }
}
