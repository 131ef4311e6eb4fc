import Core
import Cryptography
import OCI
import TestPKI
import TestSupport
import Testing
import Verification
import VerificationFixtures

/// Trust policy documents, trust stores and distinguished names.
struct NotationPolicyTests {
    typealias Change = @Sendable (inout NotationSetup) throws -> Void

    struct Case: Sendable, CustomTestStringConvertible {
        let check: String
        /// Part of the message.
        let text: String
        let change: Change

        init(_ check: String, _ text: String, _ change: @escaping Change) {
            self.check = check
            self.text = text
            self.change = change
        }

        var testDescription: String { check }
    }

    static func second(_ scope: String, name: String = "second") -> JSONValue {
        [
            "name": .string(name), "registryScopes": [.string(scope)], "signatureVerification": ["level": "strict"],
            "trustStores": ["ca:acme"], "trustedIdentities": ["*"],
        ]
    }

    static func add(_ statement: JSONValue, to setup: inout NotationSetup) {
        let first = setup.policy.at("trustPolicies.0") ?? .null
        setup.policy["trustPolicies"] = [first, statement]
    }

    static let refused: [Case] = [
        Case("policy-version", "version") { $0.policy["version"] = "1.1" },
        Case("policy-statements", "trustPolicies") { $0.policy["trustPolicies"] = [] },
        Case("policy-names", "same name") { add(second("registry.test/other", name: "tests"), to: &$0) },
        Case("policy-wildcards", "'*'") {
            $0.edit("registryScopes", ["*"])
            add(second("*"), to: &$0)
        },
        Case("policy-scope-once", "twice") { add(second("registry.test/repo"), to: &$0) },
        Case("policy-scope-once", "twice") {
            $0.edit("registryScopes", ["docker.io/library/x", "index.docker.io/library/x"])
        },
        Case("policy-scopes", "registryScopes") { $0.edit("registryScopes", []) },
        Case("policy-scope-host", "must stand alone") { $0.edit("registryScopes", ["registry.test/repo", "*"]) },
        Case("policy-scope-host", "scope 'acme/repo'") { $0.edit("registryScopes", ["acme/repo"]) },
        Case("(scope)", "scope") { $0.edit("registryScopes", ["registry.test/repo:v1"]) },
        Case("(scope)", "scope") { $0.edit("registryScopes", ["https://registry.test/repo"]) },
        Case("policy-stores", "trustStores") { $0.edit("trustStores", []) },
        Case("policy-identities", "trustedIdentities") { $0.edit("trustedIdentities", nil) },
        Case("(store type)", "trust store 'roots:acme'") { $0.edit("trustStores", ["roots:acme"]) },
        Case("(store name)", "trust store") { $0.edit("trustStores", ["ca:a/b"]) },
        Case("(level)", "level 'lax'") { $0.edit("signatureVerification.level", "lax") },
        Case("policy-override-skip", "skip") {
            $0.edit("signatureVerification", ["level": "skip", "override": ["expiry": "log"]])
        },
        Case("(override)", "'integrity' cannot be overridden") {
            $0.edit("signatureVerification.override", ["integrity": "log"])
        },
        Case("policy-override-action", "can be skipped") {
            $0.edit("signatureVerification.override", ["authenticity": "skip"])
        },
        Case("(override)", "cannot be overridden") { $0.edit("signatureVerification.override", ["authentic": "log"]) },
        Case("(action)", "action 'ignore'") { $0.edit("signatureVerification.override", ["expiry": "ignore"]) },
        Case("policy-timestamp", "verifyTimestamp") { $0.edit("signatureVerification.verifyTimestamp", "never") },
        Case("policy-identity-kind", "'*' alone") {
            $0.edit("trustedIdentities", ["*", "x509.subject: C=US, ST=WA, O=x"])
        },
        Case("policy-identity-kind", "x509.subject") { $0.edit("trustedIdentities", ["x509.san:C=US,ST=WA,O=x"]) },
        Case("policy-identity-overlap", "overlap") {
            $0.edit("trustedIdentities", ["x509.subject:C=US,ST=WA,O=x", "x509.subject:O=x,C=US,S=WA,CN=y"])
        },
        Case("unknown-member", "overide") { $0.edit("signatureVerification.overide", ["expiry": "log"]) },
        Case("trust-some-certificate", "'.crt' or '.pem'") { $0.certificates = [:] },
        // Even where nothing is verified, as upstream.
        Case("trust-some-certificate", "'.crt' or '.pem'") {
            $0.edit("signatureVerification.level", "skip")
            $0.certificates = ["notes.txt": Array("x".utf8)]
        },
        Case("(certificate)", "'b.crt'") { $0.certificates?["b.crt"] = Array("not PEM".utf8) },
    ]

    @Test(arguments: refused)
    func refuses(_ item: Case) throws {
        var setup = try NotationSetup()
        setup.certificates = ["a.crt": Array(try setup.recipe.root().pem.utf8)]
        try item.change(&setup)
        let error = #expect(throws: VerificationError.self) { try setup.trust() }
        #expect(error?.code == .policy)
        #expect(error?.message.contains(item.text) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        (
            true,
            Quote(
                #"...: signature sha256:553270a7...: no certificate of its chain (root 'CN=notation root,O=test') is among the 1 in ca:acme"#
            )
        ),
        (
            false,
            Quote(
                #"...: signature sha256:553270a7...: it is signed by 'CN=signer,O=Acme\, Rockets,ST=WA,C=US', who is none of the 1 trusted identities of the trust policy 'tests'"#
            )
        ),
    ])
    func whatPagesQuote(isOfAnotherAuthority: Bool, quote: Quote) async throws {
        var setup = try NotationSetup()
        if isOfAnotherAuthority {
            setup.certificates = ["ca.acme.crt": Array(setup.recipe.timestampRoot.pem.utf8)]
        } else {
            setup.edit("trustedIdentities", ["x509.subject: C=US, ST=WA, O=Sample"])
        }
        let frozen = setup
        let error = await #expect(throws: VerificationError.self) { try await frozen.verify() }
        #expect(quote.matches(error?.message ?? ""), "\(error?.message ?? "")")
    }

    @Test func aSecretWithoutAPolicy() throws {
        let error = #expect(throws: VerificationError.self) { try NotationTrust(secretData: ["a.crt": []]) }
        #expect(error?.message.contains("trustpolicy.json") == true)
    }

    /// Texts that name the signer's subject: C=US, ST=WA, O=Acme, Rockets (with a comma), CN=signer.
    @Test(arguments: [
        "C=US,ST=WA,O=Acme\\, Rockets", "CN=signer, O=Acme\\2C Rockets, S=WA, C=US",
        "C = US,ST= WA ,O=Acme\\,\\ Rockets",
        "C=\\55S,ST=W\\41,O=Acme\\, Rockets,CN=signer",
    ])
    func namesThatMatch(_ text: String) async throws {
        var setup = try NotationSetup()
        setup.edit("trustedIdentities", ["x509.subject:C=DE,ST=BY,O=other", .string("x509.subject: \(text)")])
        #expect(try await setup.verified() != nil)
    }

    @Test(arguments: [
        "C=US,ST=WA,O=Acme Rockets", "C=us,ST=WA,O=Acme\\, Rockets", "C=US,ST=WA,O=Acme\\, Rockets,OU=x",
        "C=US,ST=WA,O=Acme\\, Rockets\\ ", "C=US,ST=WA,O=Acme\\,  Rockets", "c=US,C=US,ST=WA,O=Acme\\, Rockets",
        "C=US,ST=WA,O=Acme\\, Rockets,2.5.4.3=signer",
    ])
    func namesThatDoNot(_ text: String) async throws {
        var setup = try NotationSetup()
        setup.edit("trustedIdentities", [.string("x509.subject: \(text)")])
        let frozen = setup
        let error = await #expect(throws: VerificationError.self) { try await frozen.verify() }
        #expect(error?.findings.map(\.rejection.code) == [.identity], "\(error?.message ?? "")")
    }

    @Test(arguments: [
        ("", "type"), ("C=US,ST=WA", "lacks the attribute O"), ("ST=WA,O=x", "lacks the attribute C"),
        ("C=US,O=x", "lacks the attribute ST"), ("C=US,ST=WA,O=x,C=DE", "twice"), ("C=US,ST=WA,S=WA,O=x", "twice"),
        ("C=US+ST=WA,O=x", "'+'"), ("C=US,ST=WA,O=#0c0178", "=#"), ("C=US,ST=WA,O=", "empty"),
        ("C=US,ST=WA,O=x,", "type"), ("C=US;ST=WA;O=x", "backslash"), ("C=US,ST=WA,O=\"x\"", "backslash"),
        ("C=US,ST=WA,O=x\\", "backslash"), ("C=US,ST=WA,O=x\\y", "backslash"), ("C=US,ST=WA,O=\\ff", "UTF-8"),
        ("C=US,ST=WA,O=x\\4", "backslash"), ("C=US,ST=WA,O=<x>", "backslash"), ("C US,ST=WA,O=x", "type"),
    ])
    func namesThatAreNone(_ text: String, _ fault: String) throws {
        var setup = try NotationSetup()
        setup.edit("trustedIdentities", [.string("x509.subject:\(text)")])
        let frozen = setup
        let error = #expect(throws: VerificationError.self) { try frozen.trust() }
        #expect(error?.message.contains(fault) == true, "\(error?.message ?? "")")
    }

    /// Every block of a value counts, and a key's name may choose a store.
    @Test(arguments: [
        ("notation.crt", true), ("ca.crt", true), ("ca.acme.crt", true), ("ca.acme.pem", true), ("ca.other.crt", false),
        ("tsa.acme.crt", false), ("signingAuthority.acme.crt", false), ("acme.ca.crt", true),
    ])
    func stores(_ key: String, _ isTrusted: Bool) async throws {
        var setup = try NotationSetup()
        let text = setup.recipe.timestampRoot.pem + "\n" + (try setup.recipe.root().pem)
        setup.certificates = [key: Array(text.utf8)]
        let frozen = setup
        if isTrusted {
            #expect(try await frozen.verified() != nil)
        } else {
            let error = await #expect(throws: VerificationError.self) { try await frozen.verify() }
            #expect(error?.findings.map(\.rejection.code) == [.untrusted])
        }
    }

    @Test func theDigestCoversEverything() throws {
        let setup = try NotationSetup()
        var other = setup
        other.edit("name", "other")
        var renamed = setup
        renamed.certificates = ["ca.acme.crt": Array(try setup.recipe.root().pem.utf8)]
        var more = setup
        more.certificates = ["notation.crt": Array((try setup.recipe.root().pem + setup.recipe.timestampRoot.pem).utf8)]
        let digests = try [setup, other, renamed, more].map { try $0.trust().digest }
        #expect(Set(digests).count == 4)
        #expect(try setup.trust().digest == digests[0])
    }
}
