import CommandLineParsing
import Testing

@Suite("Flags are read by pflag's rules")
struct FlagSetTests {
    private static let path = Flag.string("path", shorthand: "f", help: "a path")
    private static let debug = Flag.bool("debug", shorthand: "d", help: "more output")
    private static let color = Flag.bool("color", shorthand: "c", default: true, help: "colours")
    private static let output = Flag.string("output", shorthand: "o", choices: ["json", "yaml"], help: "format")
    private static let annotations = Flag.strings("annotations", shorthand: "a", help: "k=v")
    private static let items = Flag.strings("items", separator: ",", help: "several")
    private static let concurrent = Flag.integer(
        "concurrent", default: 4, in: 1...100, environment: "CONCURRENT", help: "n")
    private static let rate = Flag.number("rate", default: 50, help: "per second")
    private static let creds = Flag.string("creds", choices: ["none"], help: "secret", isSecret: true)
    private static let legacy = Flag.integer("legacy", default: 0, help: "old", withoutEffect: "there is no Helm here")

    private static let ttl = Flag.duration("ttl", default: .seconds(90), atLeast: .seconds(1), help: "time")

    private static let flags: FlagSet = {
        var set = FlagSet()
        set.add(ttl)
        set.add(path)
        set.add(debug)
        set.add(color)
        set.add(output)
        set.add(annotations)
        set.add(items)
        set.add(concurrent)
        set.add(rate)
        set.add(creds)
        set.add(legacy)
        return set
    }()

    @Test(
        "Values in every spelling",
        arguments: [
            ["--path=x", "--debug", "rest"], ["--path", "x", "rest", "--debug=true"], ["rest", "-f", "x", "-d"],
            ["-dfx", "rest"], ["-df=x", "rest"], ["--path=y", "rest", "--path", "x", "--debug=1"],
        ])
    func spellings(arguments: [String]) throws {
        let parsed = try Self.flags.parse(arguments)
        #expect(parsed[Self.path] == "x")
        #expect(parsed[Self.debug])
        #expect(parsed.arguments == ["rest"])
    }

    @Test("Booleans take no next argument and can be turned off")
    func booleans() throws {
        let parsed = try Self.flags.parse(["--debug", "false", "--color=false"])
        #expect(parsed[Self.debug] && !parsed[Self.color])
        #expect(parsed.arguments == ["false"])
        #expect(throws: CommandLineError.self) { try Self.flags.parse(["--debug=yes"]) }
    }

    @Test("Two hyphens end the flags; one hyphen is an argument; a value may look like a flag")
    func terminator() throws {
        let parsed = try Self.flags.parse(["-", "--path", "--debug", "--", "--path", "y", "--"])
        #expect(parsed[Self.path] == "--debug" && !parsed[Self.debug])
        #expect(parsed.arguments == ["-", "--path", "y", "--"])
        #expect(try Self.flags.parse(["--path="])[Self.path] == "")
        #expect(try Self.flags.parse(["--path=a=b"])[Self.path] == "a=b")
    }

    @Test("Repeated flags add up")
    func repeated() throws {
        let parsed = try Self.flags.parse(["-a", "k=1,2", "--annotations=l=3", "--items", "a,b", "--items=c"])
        #expect(parsed[Self.annotations] == ["k=1,2", "l=3"])
        #expect(parsed[Self.items] == ["a", "b", "c"])
    }

    @Test("The command line goes before the environment, which goes before the default")
    func precedence() throws {
        #expect(try Self.flags.parse([])[Self.concurrent] == 4)
        #expect(try Self.flags.parse([], environment: ["CONCURRENT": ""])[Self.concurrent] == 4)
        let fromEnvironment = try Self.flags.parse([], environment: ["CONCURRENT": "7"])
        #expect(fromEnvironment[Self.concurrent] == 7 && !fromEnvironment.isGiven(Self.concurrent))
        let given = try Self.flags.parse(["--concurrent=9"], environment: ["CONCURRENT": "7"])
        #expect(given[Self.concurrent] == 9 && given.isGiven(Self.concurrent))
        let error = #expect(throws: CommandLineError.self) {
            try Self.flags.parse([], environment: ["CONCURRENT": "many"])
        }
        #expect(error?.message == "invalid value 'many' for CONCURRENT: must be a whole number")
    }

    @Test("Durations are Go's")
    func durations() throws {
        #expect(try Self.flags.parse(["--ttl=1h0.5s"])[Self.ttl] == .seconds(3600) + .milliseconds(500))
        #expect(throws: CommandLineError.self) { try Self.flags.parse(["--ttl=10"]) }
        #expect(throws: CommandLineError.self) { try Self.flags.parse(["--ttl=10ms"]) }
        #expect(Self.flags.helpText().contains("time (default 1m30s)"))
    }

    @Test(
        "Mistakes name flag and value",
        arguments: [
            (["--concurrent=x"], "invalid value 'x' for --concurrent: must be a whole number"),
            (["--concurrent=0"], "invalid value '0' for --concurrent: must be from 1 to 100"),
            (["--rate=nan"], "invalid value 'nan' for --rate: must be a number"),
            (["-o", "xml"], "invalid value 'xml' for --output: must be one of json, yaml"),
            (["--creds=user:pass"], "invalid value for --creds: must be one of none"),
            (["--path"], "flag needs an argument: --path"), (["-f"], "flag needs an argument: -f"),
            (["--outptu=json"], "unknown flag: --outptu; did you mean --output?"),
            (["--zzzzzzzz"], "unknown flag: --zzzzzzzz"), (["-x"], "unknown flag: -x"),
            (["-path"], "unknown flag: -p; did you mean --path?"),
        ])
    func mistakes(arguments: [String], message: String) {
        let error = #expect(throws: CommandLineError.self) { try Self.flags.parse(arguments) }
        #expect(error?.message == message)
    }

    @Test("Flags without effect are accepted and said")
    func withoutEffect() throws {
        #expect(try Self.flags.parse(["--legacy=3"]).withoutEffect == ["--legacy has no effect: there is no Helm here"])
        #expect(try Self.flags.parse([]).withoutEffect.isEmpty)
    }

    @Test("Help lists every flag, its default and variable")
    func help() throws {
        #expect(try Self.flags.parse(["-h"]).wantedHelp == .text)
        #expect(try Self.flags.parse(["--help"]).wantedHelp == .text)
        let text = Self.flags.helpText()
        for definition in Self.flags.definitions { #expect(text.contains("--\(definition.name)")) }
        #expect(text.contains("-o, --output json|yaml"))
        #expect(text.contains("n (default 4) [CONCURRENT]"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test("Help as Markdown is a table that no flag's text can break")
    func markdown() throws {
        #expect(try Self.flags.parse(["--help=markdown"]).wantedHelp == .markdown)
        let error = #expect(throws: CommandLineError.self) { try Self.flags.parse(["--help=pdf"]) }
        #expect(error?.message == "invalid value 'pdf' for --help: must be text or markdown")
        let lines = Self.flags.markdown().split(separator: "\n")
        #expect(lines.count == 2 + Self.flags.definitions.count)
        #expect(lines.contains("| `-o, --output json\\|yaml` |  | format |"))
        #expect(lines.contains("| `--concurrent int` | `4` | n Environment: `CONCURRENT`. |"))
        #expect(lines.contains("| `--legacy int` | `0` | old No effect: there is no Helm here. |"))
        var hostile = FlagSet()
        hostile.add(Flag.string("a", choices: ["", "b"], help: "'<x>' | y"))
        #expect(hostile.markdown().hasSuffix("| `--a b` |  | '&lt;x>' \\| y |"))
    }
}
