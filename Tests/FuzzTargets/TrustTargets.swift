internal import Core
internal import Cryptography
internal import Verification
internal import VerificationFixtures

/// Trusted roots, and the metadata they come with.
extension FuzzTarget {
    static func trust(_ corpus: FuzzCorpus) throws -> [FuzzTarget] {
        let rootKeys = try (0..<3).map { try corpus.key("tuf-root-\($0)") }, onlineKey = try corpus.key("tuf-online")
        let files = try corpus.document("tuf-files").objectValue?.compactMapValues {
            $0.stringValue.flatMap { Base64.decode($0) }
        }
        guard let files, let root = files["1.root.json"] else {
            throw FuzzCorpus.Incomplete(description: "the corpus has no TUF repository")
        }

        @Sendable func judge(_ input: [UInt8], as name: String) async throws -> String {
            var changed = files
            changed[name] = input
            let client = TUFClient(
                initialRoot: name == "1.root.json" ? input : root, store: MemoryStore(), mirror: MemoryMirror(changed))
            let target = try await client.refresh("trusted_root.json", at: TUFRepository.now)
            return "\(Digest.of(target.bytes))"
        }

        return [
            try FuzzTarget("trusted-root", corpus) { input, _ in
                _ = try TrustedRoot(parsing: input)
                return ""
            },
            try FuzzTarget("tuf", corpus) { input, seed in try await judge(input, as: seed.name) },
            // Signed afresh. What the keys' holders sign may say anything, but only what has the listed hash is a target.
            try FuzzTarget("tuf-signed", corpus) { input, seed in
                let content = try JSONValue(parsing: input)
                let isOffline = seed.name.hasSuffix("root.json") || seed.name.hasSuffix("targets.json")
                let keys = isOffline ? Array(rootKeys.prefix(2)) : [onlineKey]
                return try await judge(try TUFRepository.signed(content, by: keys), as: seed.name)
            },
        ]
    }
}
