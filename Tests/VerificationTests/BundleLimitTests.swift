import Core
import Cryptography
import TestPKI
import Testing
import Verification
import VerificationFixtures

/// Bundles that are sound but for a limit, or for how strictly they are read.
struct BundleLimitTests {
    typealias Case = BundleCheckTests.Case

    static let entry = BundleCheckTests.entry

    static let all: [Case] = [
        Case("list-limit", .malformed) {
            $0.recipe.stamps = [{ _ in }]
            $0.recipe.changeBundle = { bundle in
                let path = "verificationMaterial.timestampVerificationData.rfc3161Timestamps"
                let one = bundle.at("\(path).0") ?? .null
                bundle.edit(path, .array(Array(repeating: one, count: 33)))
            }
        },
        Case("integrated-time-sign", .malformed) {
            try $0.useKey()
            $0.recipe.changeBundle = { bundle in
                bundle.edit("\(entry).inclusionPromise", nil)
                bundle.edit("\(entry).integratedTime", "-5")
            }
        },
        Case("proof-hashes", .malformed) {
            $0.recipe.changeBundle = { bundle in
                let hash = bundle.at("\(entry).inclusionProof.hashes.0") ?? .null
                bundle.edit("\(entry).inclusionProof.hashes", .array(Array(repeating: hash, count: 65)))
            }
        },
        Case("checkpoint-limit", .logProof) {
            $0.recipe.changeNote = { $0.extra = [String(repeating: "x", count: 65 << 10)] }
        },
        Case("checkpoint-newline", .logProof) {
            $0.recipe.changeBundle = { bundle in
                let path = "\(entry).inclusionProof.checkpoint.envelope"
                bundle.edit(path, .string(String((bundle.at(path)?.stringValue ?? "").dropLast())))
            }
        },
        Case("checkpoint-lines", .logProof) {
            $0.recipe.changeNote = { $0.before = Array(repeating: "\u{2014} witness AAAAAAAA", count: 64) }
        },
        Case("log-windows-key", .outsideWindow, in: .dsseV2) {
            try $0.useKey()
            $0.policy.timestampThreshold = 1
            $0.trust.edit("tlogs.1.publicKey.validFor.end", .string(Timestamp.signing(-5).rfc3339))
        },
        Case("json-depth", .malformed) {
            $0.recipe.statement["predicate"] = (0..<20).reduce(JSONValue.null) { inner, _ in .array([inner]) }
        },
        Case("json-values", .malformed) {
            $0.recipe.statement["predicate"] = .array(Array(repeating: 0, count: 100_001))
        },
    ]

    @Test(arguments: all)
    func refuses(_ item: Case) throws { try BundleCheckTests().refuses(item) }

    /// Texts that a lenient reader would take for the sound bundle.
    @Test(arguments: ["json-bytes", "json-trailing", "json-duplicate"])
    func texts(_ check: String) throws {
        let setup = try BundleSetup()
        let sound = try setup.recipe.bundle().serialized()
        let text: [UInt8]
        switch check {
        case "json-bytes": text = sound + [UInt8](repeating: 0x20, count: 2 << 20)
        case "json-trailing": text = sound + Array("{}".utf8)
        default: text = Array(#"{"mediaType":"application/json","#.utf8) + sound.dropFirst()
        }
        let rejection = #expect(throws: Rejection.self) { try Bundle(parsing: text) }
        #expect(rejection?.code == .malformed)
    }
}
