/// The random numbers of one input: the same for the same run and number of the input, on every machine (SplitMix64).
package struct FuzzGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameters:
    ///   - seed: what names the run.
    ///   - iteration: the number of the input in the run.
    package init(seed: UInt64, iteration: UInt64) {
        state = seed
        state ^= next() &+ iteration &* 0xd134_2543_de82_ef95
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Whether something that happens once in `count` times happens.
    mutating func happens(onceIn count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}
