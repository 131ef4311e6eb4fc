import Foundation
import FuzzTargets

/// Gives changed inputs to every reader of hostile documents, each in a process of its own, so that a crash is a finding
/// like any other.
@main
struct Fuzz {
    static func main() async {
        do {
            let options = try Options(arguments: Array(CommandLine.arguments.dropFirst()))
            exit(try await run(options) ? 0 : 1)
        } catch let error as Options.Problem {
            report("fuzz: \(error)\n\(Options.usage)")
            exit(2)
        } catch {
            report("\(error)")
            exit(1)
        }
    }

    private static func run(_ options: Options) async throws -> Bool {
        if options.command == .mint {
            try Data(try FuzzCorpus.minted().serialized() + [0x0a]).write(to: corpusFile)
            return true
        }
        let corpus = try FuzzCorpus(parsing: Array(Data(contentsOf: corpusFile)))
        let all = try FuzzTarget.all(corpus)
        let known = all + FuzzTarget.Fault.allCases.map(FuzzTarget.faulty)
        let targets = try options.targets.map { name in
            guard let target = known.first(where: { $0.name == name }) else {
                throw Options.Problem(
                    "there is no target '\(name)'; there are \(all.map(\.name).joined(separator: ", "))")
            }
            return target
        }
        switch options.command {
        case .run, .mint: return await Campaign(options: options).run(targets.isEmpty ? all : targets)
        case .work:
            for target in targets { try await Worker(options: options, target: target).run() }
        case .show:
            for target in targets { try await Worker(options: options, target: target).show() }
        }
        return true
    }

    /// The corpus lies beside the sources, wherever they were built.
    private static let corpusFile = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("FuzzTargets/corpus.json")

    /// Writes a line to standard output, at once: a run takes long.
    static func show(_ text: String) { FileHandle.standardOutput.write(Data("\(text)\n".utf8)) }

    /// Tells the person who waits.
    static func report(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}
