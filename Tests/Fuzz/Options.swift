/// What to do, and how much of it.
struct Options: Sendable {
    static let usage = """
        Usage: fuzz run [--seconds=<n> | --inputs=<n>] [--seed=<n>] [--target=<name>,...]
               fuzz show --target=<name> --seed=<n> --input=<n>
               fuzz mint
          run    every target, or those named, for so long or for so many inputs each; says the seed
          show   prints an input and judges it in this process
          mint   writes a new corpus
        """

    enum Command: String, Sendable {
        case run, show, mint
        /// One target, in a process that `run` started.
        case work
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private(set) var command = Command.run
    private(set) var targets: [String] = []
    private(set) var seed = UInt64.random(in: 0...UInt64(Int64.max))
    /// For each target; nil when inputs are counted.
    private(set) var seconds: Double?
    private(set) var inputs: UInt64 = 10_000
    /// The one to show.
    private(set) var input: UInt64 = 0
    /// Seconds that a reader may take for one input.
    private(set) var patience: UInt32 = 30
    /// Where a worker leaves the number of the input it is at.
    private(set) var progress = ""

    init(arguments: [String]) throws {
        guard let name = arguments.first, let command = Command(rawValue: name) else {
            throw Problem("the first argument must be run, show or mint")
        }
        self.command = command
        for argument in arguments.dropFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw Problem("'\(argument)' has no value") }
            switch parts[0] {
            case "--target": targets = parts[1].split(separator: ",").map(String.init)
            case "--seed": seed = try Self.number(parts)
            case "--seconds": seconds = try Self.number(parts)
            case "--inputs": inputs = try Self.number(parts)
            case "--input": input = try Self.number(parts)
            case "--patience": patience = try Self.number(parts)
            case "--progress": progress = parts[1]
            default: throw Problem("unknown argument '\(argument)'")
            }
        }
        if command == .show || command == .work, targets.isEmpty { throw Problem("--target is missing") }
    }

    private static func number<Number: LosslessStringConvertible>(_ parts: [String]) throws -> Number {
        guard let number = Number(parts[1]) else { throw Problem("'\(parts[1])' is no value for \(parts[0])") }
        return number
    }
}
