import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct TestSupportTests {
    @Test func runsTools() async throws {
        let outcome = try await CommandLineTool.run(
            "sh", ["-c", "cat; echo \"$GREETING\" >&2; exit 3"], input: [1, 2, 3], environment: ["GREETING": "hello"])
        #expect(outcome.status == 3 && outcome.stdout == [1, 2, 3] && outcome.errorOutput == "hello\n")
        let large = [UInt8](repeating: 7, count: 1 << 20)
        #expect(try await CommandLineTool.run("cat", input: large).stdout == large)
        #expect(try await CommandLineTool.run("sleep", ["100"], limit: .seconds(1)).status == 137)
        #expect(try await CommandLineTool.run("/no/such/program").status == 127)
        #expect(CommandLineTool.isInstalled("sh") && !CommandLineTool.isInstalled("no-such-program"))
    }

    @Test func killsChildren() async throws {
        var child: ChildProcess? = try ChildProcess("/bin/sh", ["-c", "echo started; exec sleep 1000"])
        try await eventually { child?.log == "started\n" }
        #expect(child?.isRunning == true)
        let pid = try #require(child?.pid)
        #expect(kill(pid, 0) == 0)
        child = nil
        try await eventually("the end of the child") { kill(pid, 0) != 0 }
    }

    @Test func reportsExits() async throws {
        let child = try ChildProcess("/bin/sh", ["-c", "exit 7"])
        #expect(try await child.waitForExit() == 7)
        let killed = try ChildProcess("/bin/sleep", ["1000"])
        killed.signal(SIGTERM)
        #expect(try await killed.waitForExit() == 128 + SIGTERM)
    }

    @Test func removesFolders() throws {
        var folder: TemporaryDirectory? = try TemporaryDirectory()
        let path = try #require(try folder?.write("x", to: "a/b"))
        #expect(exists(path))
        folder = nil
        #expect(!exists(path))
    }

    @Test func findsFreePorts() throws {
        let range = try String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
        let ephemeral = try #require(range.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) })
        let ports = try (0..<200).map { _ in try freePort() }
        #expect(Set(ports).count == 200)
        #expect(ports.allSatisfy { (1024..<ephemeral).contains($0) })
    }

    @Test func eventuallyGivesUp() async {
        await #expect(throws: NeverHappened.self) { try await eventually(within: .milliseconds(20)) { false } }
    }

    private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
