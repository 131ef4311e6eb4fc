import Testing

@testable import RegistryClient

@Suite struct HostLabelTests {
    @Test func hostsBeyondTheLimitAreCountedTogetherUntilAnotherLeaves() {
        let labels = HostLabels(limit: 2, patience: 4)
        for host in ["a", "b", "a"] { #expect(labels.label(of: host) == (host, nil)) }
        #expect(labels.label(of: "c") == ("other", nil))
        #expect(labels.label(of: "a") == ("a", nil))
        #expect(labels.label(of: "d") == ("other", nil))
        // Nobody asked for b for so long.
        #expect(labels.label(of: "c") == ("c", "b"))
        #expect(labels.label(of: "c") == ("c", nil))
        #expect(labels.label(of: "b") == ("other", nil))
    }
}
