/// The inputs of one target, from a seed: the same seed and number give the same input.
package struct FuzzRun: Sendable {
    /// An input with which a reader did what it must not do.
    package struct Finding: Error, CustomStringConvertible {
        package let description: String
    }

    package let target: FuzzTarget
    package let seed: UInt64
    /// What sound inputs come to. A changed input that is accepted must still say the same as a sound one.
    private let sound: Set<String>

    /// Judges the sound inputs, all of which must be accepted.
    /// - Throws: `Finding` when one is not.
    package init(_ target: FuzzTarget, seed: UInt64) async throws {
        var sound: Set<String> = []
        for input in target.seeds {
            do {
                sound.insert(try await target.judge(input.bytes, input))
            } catch {
                throw Finding(description: "\(target.name): the sound input '\(input.name)' is refused: \(error)")
            }
        }
        self.target = target
        self.seed = seed
        self.sound = sound
    }

    /// The input with a number, and the sound one that it was made from.
    package func input(_ iteration: UInt64) -> (bytes: [UInt8], from: FuzzCorpus.Seed) {
        var random = FuzzGenerator(seed: seed, iteration: iteration)
        let base = target.seeds[Int.random(in: 0..<target.seeds.count, using: &random)]
        return (Mutation.changed(base.bytes, others: target.seeds.map(\.bytes), &random), base)
    }

    /// Gives the target one input.
    /// - Returns: whether it was accepted.
    /// - Throws: `Finding` when it was accepted as something that nobody signed.
    @discardableResult
    package func step(_ iteration: UInt64) async throws -> Bool {
        let input = input(iteration)
        guard let verdict = await target.verdict(on: input.bytes, from: input.from) else { return false }
        guard sound.contains(verdict) else {
            throw Finding(
                description:
                    "\(target.name): seed \(seed), input \(iteration): accepted as '\(verdict)', which is signed nowhere"
            )
        }
        return true
    }
}
