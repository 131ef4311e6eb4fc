import FileSystem
import TestSupport
import Testing

@Suite struct DirectoryTests {
    private func folder() throws -> (TemporaryDirectory, Directory) {
        let temporary = try TemporaryDirectory()
        return (temporary, try Directory(path: temporary.path))
    }

    @Test func writesRenamesAndReads() throws {
        let (temporary, root) = try folder()
        let inner = try root.directory("inner", creatingWithMode: 0o750)
        let file = try root.createFile("temp", mode: 0o600)
        try file.write([1, 2, 3])
        try file.write([4])
        try file.synchronize()
        try root.rename("temp", to: "final", in: inner)
        try inner.synchronize()
        #expect(try temporary.read("inner/final") == [1, 2, 3, 4])
        #expect(try inner.openFile("final").contents(upTo: 4) == [1, 2, 3, 4])
        #expect(throws: FileSystemError.self) { try inner.openFile("final").contents(upTo: 3) }
        let status = try #require(try inner.status(of: "final"))
        #expect((status.kind, status.size, status.mode, status.links) == (.regular, 4, 0o600, 1))
        try inner.link("final", as: "second", in: root)
        #expect(try root.status(of: "second")?.links == 2)
        #expect(try root.names() == ["inner", "second"].map { [UInt8]($0.utf8) })
        #expect(throws: FileSystemError.self) { try root.removeDirectory("inner") }
        try root.removeTree("inner")
        #expect(try root.status(of: "inner") == nil)
        #expect(try !root.remove("inner"))
    }

    @Test func neverFollowsSymbolicLinks() throws {
        let (temporary, root) = try folder()
        try temporary.write("outside", to: "elsewhere/file")
        let inner = try root.directory("root", creatingWithMode: 0o750)
        try inner.makeSymbolicLink("out", to: "../elsewhere")
        try inner.makeSymbolicLink("file", to: "../elsewhere/file")
        #expect(throws: FileSystemError.self) { try inner.directory("out") }
        #expect(throws: FileSystemError.self) { try inner.openFile("file") }
        #expect(throws: FileSystemError.self) { try inner.createFile("file", mode: 0o600) }
        #expect(try inner.status(of: "out")?.kind == .symbolicLink)
        #expect(try inner.symbolicLinkTarget("file") == [UInt8]("../elsewhere/file".utf8))
        try inner.removeTree("out")
        try root.removeTree("root")
        #expect(try temporary.read("elsewhere/file") == [UInt8]("outside".utf8))
    }

    @Test(arguments: ["", ".", "..", "a/b", "/etc/passwd", "../x", "a\u{0}b"])
    func namesAreSingleComponents(name: String) throws {
        let (temporary, root) = try folder()
        try temporary.write("x", to: "a/b")
        #expect(throws: FileSystemError.self) { try root.openFile(name) }
        #expect(throws: FileSystemError.self) { try root.createFile(name, mode: 0o600) }
        #expect(throws: FileSystemError.self) { try root.directory(name) }
    }

    @Test func saysWhatFailedWhere() throws {
        let (_, root) = try folder()
        do {
            _ = try root.openFile("missing")
            Issue.record("opened a file that is not there")
        } catch {
            #expect(error.isNotFound)
            #expect(error.description.hasPrefix("cannot open '"))
            #expect(error.description.hasSuffix("/missing': No such file or directory"))
        }
        #expect(FileSystemError(operation: "write to", path: "x", number: 28).isDiskFull)
    }
}
