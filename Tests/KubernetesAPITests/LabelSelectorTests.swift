import KubernetesAPI
import Testing

@Suite struct LabelSelectorTests {
    private static let labels = ["app": "web", "tier": "front", "example.com/x": "1", "empty": ""]

    @Test(
        arguments: [
            ("", true), ("app=web", true), ("app==web", true), ("app=api", false), ("app!=web", false),
            ("app!=api", true),
            ("missing!=x", true), ("app in (api, web)", true), ("app in (api)", false), ("app notin (api)", true),
            ("app notin (web,api)", false), ("missing notin (x)", true), ("missing in (x)", false), ("app", true),
            ("!app", false), ("! missing", true), ("app=web,tier=front", true), ("app=web , tier = back", false),
            ("example.com/x=1", true), ("empty=", true), ("empty", true), ("app in (web,)", true),
            ("empty in ()", true),
            ("in=x", false), ("notin", false), (" app = web ", true),
        ])
    func selectorsMatchAsInKubernetes(_ text: String, _ expected: Bool) throws {
        #expect(try LabelSelector(parsing: text).matches(Self.labels) == expected)
    }

    @Test(
        arguments: [
            "=", "a=b,", ",a", "a b", "a in x", "a in (x", "a in (x y)", "a=(", "!a=b", "!", "a/b/c", "-a", "a-",
            "a=b/c",
            "a=-", "/a", "A.B/c", "a>1", "a=é", "é", "a, ,b", String(repeating: "a", count: 64),
            "a=" + String(repeating: "a", count: 64),
        ])
    func faultsAreRefused(_ text: String) {
        #expect(throws: LabelSelector.ParsingError.self) { try LabelSelector(parsing: text) }
    }

    @Test(
        arguments: [
            ("b==x , a in (z,y)", "a in (y,z),b=x"), ("!c,d,e!=f,g notin (h)", "!c,d,e!=f,g notin (h)"), ("", ""),
        ])
    func descriptionIsCanonical(_ text: String, _ expected: String) throws {
        let selector = try LabelSelector(parsing: text)
        #expect(selector.description == expected)
        #expect(try LabelSelector(parsing: selector.description) == selector)
    }
}
