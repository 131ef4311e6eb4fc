/// A reader of hostile input, and how its verdicts are judged.
package struct FuzzTarget: Sendable {
    /// Reads an input.
    /// - Parameter seed: the sound input that it was made from.
    /// - Returns: what was accepted, in words: who signed what, when.
    /// - Throws: why it was refused.
    package typealias Judge = @Sendable (_ input: [UInt8], _ seed: FuzzCorpus.Seed) async throws -> String

    /// What its inputs are, as a word.
    package let name: String
    package let seeds: [FuzzCorpus.Seed]
    package let judge: Judge

    init(_ name: String, _ corpus: FuzzCorpus, _ judge: @escaping Judge) throws {
        self.name = name
        seeds = corpus.seeds[name] ?? []
        guard !seeds.isEmpty else { throw FuzzCorpus.Incomplete(description: "the corpus has no seed of '\(name)'") }
        self.judge = judge
    }

    init(name: String, seeds: [FuzzCorpus.Seed], judge: @escaping Judge) {
        (self.name, self.seeds, self.judge) = (name, seeds, judge)
    }

    /// Every target.
    package static func all(_ corpus: FuzzCorpus) throws -> [FuzzTarget] {
        try signatures(corpus) + encodings(corpus) + notation(corpus) + trust(corpus)
    }

    /// What judging an input comes to: nil where it is refused.
    package func verdict(on input: [UInt8], from seed: FuzzCorpus.Seed) async -> String? {
        try? await judge(input, seed)
    }
}
