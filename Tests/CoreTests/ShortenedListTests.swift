import Core
import Testing

@Suite struct ShortenedListTests {
    @Test(arguments: [
        (0, ""), (1, "0"), (3, "0, 1, 2"), (4, "0, 1, 2 and 1 more"), (12, "0, 1, 2 and 9 more"),
    ])
    func theRestIsCounted(count: Int, text: String) {
        #expect((0..<count).map(String.init).listed(atMost: 3) == text)
        #expect((0..<count).lazy.map(String.init).listed(atMost: 3) == text)
    }
}
