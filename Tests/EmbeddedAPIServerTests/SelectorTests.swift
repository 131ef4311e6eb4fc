import Core
import Testing

@testable import EmbeddedAPIServer

@Suite struct SelectorTests {
    private static let labels = ["app": "web", "tier": "front", "size": "5", "empty": ""]

    @Test(arguments: [
        ("", true), ("app", true), ("!app", false), ("!other", true), ("app=web", true), ("app==web", true),
        ("app = web", true), ("app!=web", false), ("other!=x", true), ("app in (web,db)", true),
        ("app in (db)", false), ("app notin (db)", true), ("other notin (db)", true), ("other in (x)", false),
        ("size>4", true), ("size<5", false), ("app=web,tier=back", false), ("app=web,tier,!other", true),
        ("empty=", true), ("app=", false), ("empty in ()", true),
    ])
    func `labels are selected`(selector: String, matches: Bool) throws {
        #expect(try LabelSelector(parsing: selector).matches(Self.labels) == matches)
    }

    @Test(arguments: [
        ("==", "found '==', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"), ("a in x", "found 'x', expected: '('"),
        ("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt"),
    ])
    func `what is no selector is refused`(selector: String, message: String) {
        let error = #expect(throws: SelectorError.self) { try LabelSelector(parsing: selector) }
        #expect(error?.message == message)
    }

    @Test(arguments: ["a=b=c", "a in (", "(", "!", "a>x", "-a", "a=-", "a/b/c=d", "a in (b"])
    func `other faults are refused, too`(selector: String) {
        #expect(throws: SelectorError.self) { try LabelSelector(parsing: selector) }
    }

    @Test func `fields are selected`() throws {
        let object = StoredObject(
            value: [
                "metadata": ["name": "e", "namespace": "demo"], "involvedObject": ["kind": "Widget", "name": "a,b"],
                "source": ["component": "c"],
            ], resourceVersion: 1)
        for (text, matches) in [
            ("metadata.name=e", true), ("metadata.name!=e", false),
            ("involvedObject.kind==Widget,metadata.name=e", true),
            (#"involvedObject.name=a\,b"#, true), ("source=c", true), ("reason=x", false), ("reason=", true),
        ] {
            let selector = try FieldSelector(parsing: text, resource: BuiltInResources.events)
            #expect(selector.matches(object) == matches, "\(text)")
        }
        #expect(throws: SelectorError.self) {
            try FieldSelector(parsing: "spec.url=x", resource: BuiltInResources.events)
        }
    }
}
