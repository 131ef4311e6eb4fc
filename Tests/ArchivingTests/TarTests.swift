import Archiving
import TestSupport
import Testing

@Suite struct TarReaderTests {
    static let names = [
        "plain.txt", "with space", "ünïcödé/日本語.yaml", "deep/" + String(repeating: "d/", count: 60) + "file",
        String(repeating: "long-name-", count: 12) + "x",
        String(repeating: "p/", count: 70) + String(repeating: "y", count: 90),
        "new\nline", "tab\t", "-dash", "quote'\"",
    ]

    /// Real tar writes each of its formats; every name and content comes back byte for byte.
    @Test(arguments: ["ustar", "gnu", "posix", "oldgnu", "v7"], [1, 511, 10_240, Int.max])
    func readsWhatTarWrites(format: String, step: Int) async throws {
        let folder = try TemporaryDirectory()
        var expected: [String: [UInt8]] = [:]
        for (index, name) in Self.names.enumerated() {
            // What the old formats cannot say is left out.
            if format == "v7" && name.utf8.count > 99 { continue }
            if format == "ustar" && name.utf8.count > 100 && !name.contains("/") { continue }
            expected["./" + name] = sampleBytes(index * 300, seed: UInt64(index))
            try folder.write(sampleBytes(index * 300, seed: UInt64(index)), to: "in/\(name)")
        }
        let outcome = try await CommandLineTool.run(
            "tar", ["--format=\(format)", "-cf", "-", "."], directory: folder.file("in"))
        #expect(outcome.status == 0, "\(outcome.errorOutput)")
        let (members, summary) = try readTar(outcome.stdout, step: step)
        var found: [String: [UInt8]] = [:]
        for member in members where member.entry.kind == .regular { found[member.name] = member.content }
        #expect(found == expected)
        #expect(members.allSatisfy { $0.isComplete && !$0.entry.isIrregular })
        #expect(members.contains { $0.entry.kind == .directory && $0.name == "./" })
        #expect(summary.hasEndMarker)
        #expect(summary.trailingBytes == 0)
        #expect(summary.entryCount == members.count)
    }

    /// Archives that no ordinary tar writes, made with Python's tarfile and by hand.
    @Test func readsOddArchives() async throws {
        let script = """
            import tarfile, io, sys
            out = io.BytesIO()
            t = tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT, pax_headers={'comment': 'global'})
            def add(name, type=tarfile.REGTYPE, data=b'', link='', **pax):
                i = tarfile.TarInfo(name); i.type = type; i.size = len(data); i.linkname = link; i.mode = 0o755
                i.pax_headers = pax
                t.addfile(i, io.BytesIO(data))
            add('latin\\udce9.txt', data=b'latin1')
            add('link', tarfile.SYMTYPE, link='../' * 60 + 'etc/passwd')
            add('hard', tarfile.LNKTYPE, link='x' * 150)
            add('fifo', tarfile.FIFOTYPE)
            add('char', tarfile.CHRTYPE)
            add('block', tarfile.BLKTYPE)
            add('cont', tarfile.CONTTYPE, b'contiguous')
            add('renamed', data=b'r', path='new-name')
            add('folder', tarfile.DIRTYPE)
            add('label', b'V')
            add('sized', data=b'12345', size='5')
            t.close()
            sys.stdout.buffer.write(out.getvalue())
            """
        let archive = try await CommandLineTool.run("python3", ["-c", script]).stdout
        let members = try readTar(archive, step: 100).members
        let kinds = members.map(\.entry.kind)
        #expect(
            kinds == [
                .regular, .symbolicLink, .hardLink, .fifo, .characterDevice, .blockDevice, .regular, .regular,
                .directory,
                .other(UInt8(ascii: "V")), .regular,
            ])
        #expect(members.first?.entry.name == [UInt8]("latin".utf8) + [0xe9] + [UInt8](".txt".utf8))
        #expect(members[1].entry.linkName == [UInt8]((String(repeating: "../", count: 60) + "etc/passwd").utf8))
        #expect(members[2].entry.linkName.count == 150)
        #expect(members[6].content == [UInt8]("contiguous".utf8))
        #expect(members[7].name == "new-name")
        #expect(members[10].content == [UInt8]("12345".utf8))
        #expect(members[0].entry.mode == 0o755)
    }

    @Test(arguments: ["gnu", "posix"], ["0.0", "0.1", "1.0"])
    func namesSparseFiles(format: String, version: String) async throws {
        let folder = try TemporaryDirectory()
        // Holes enough that the old format needs further map blocks.
        let script = """
            import os
            f = open('sparse', 'wb')
            for i in range(40):
                f.seek(i * 1048576); f.write(b'x' * 4096)
            f.truncate(50 * 1048576)
            open('after', 'w').write('after')
            """
        _ = try await CommandLineTool.run("python3", ["-c", script], directory: folder.path)
        let arguments = format == "posix" ? ["--sparse-version=\(version)"] : []
        let archive = try await CommandLineTool.run(
            "tar", ["--format=\(format)", "-S"] + arguments + ["-cf", "-", "sparse", "after"], directory: folder.path)
        let members = try readTar(archive.stdout).members
        #expect(members.map(\.entry.kind) == [.sparse, .regular])
        #expect(members.map(\.name) == ["sparse", "after"])
        #expect(members.last?.content == [UInt8]("after".utf8))
    }

    private func header(
        _ name: String, size: [UInt8] = [UInt8]("00000000000".utf8), flag: String = "0", mode: String = "0000644"
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Collection<UInt8>, _ offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        put(name.utf8, 0)
        put(mode.utf8, 100)
        put(size, 124)
        put(flag.utf8, 156)
        put("ustar\u{0}00".utf8, 257)
        put("        ".utf8, 148)
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        put((String(repeating: "0", count: 6 - sum.utf8.count) + sum + "\u{0}").utf8, 148)
        return block
    }

    static let end = [UInt8](repeating: 0, count: 1024)

    @Test func readsBase256Sizes() throws {
        let size: [UInt8] = [0x80] + [UInt8](repeating: 0, count: 10) + [3]
        let archive = header("a", size: size) + [1, 2, 3] + [UInt8](repeating: 0, count: 509) + Self.end
        #expect(try readTar(archive).members.first?.content == [1, 2, 3])
    }

    @Test func refusesImpossibleSizes() {
        let negative: [UInt8] = [0xff] + [UInt8](repeating: 0xff, count: 11)
        let huge: [UInt8] = [0x80] + [UInt8](repeating: 0xff, count: 11)
        for size in [negative, huge, [UInt8]("0000000000x".utf8), [UInt8]("8".utf8)] {
            #expect { try readTar(header("a", size: size) + Self.end) } throws: { code($0) == .corruptTar }
            #expect { try readTar(header("a", size: size, flag: "L") + Self.end) } throws: { code($0) == .corruptTar }
        }
    }

    @Test func refusesHugeHeaders() {
        for flag in ["L", "K", "x", "g"] {
            let size = [UInt8]("00040000000".utf8)
            #expect { try readTar(header("a", size: size, flag: flag)) } throws: { code($0) == .headerSize }
        }
    }

    @Test(arguments: [
        "12 path=a\n", "9 path=a", "0 a=b\n", "x path=a\n", "999 path=a\n", "13 path=a\u{0}b\n", "11 size=-1\n",
        "5 ab\n",
    ])
    func refusesMalformedExtendedHeaders(record: String) {
        let bytes = [UInt8](record.utf8)
        let size = String(bytes.count, radix: 8)
        let archive =
            header("x", size: [UInt8]((String(repeating: "0", count: 11 - size.count) + size).utf8), flag: "x") + bytes
            + [UInt8](repeating: 0, count: 512 - bytes.count) + header("a") + Self.end
        #expect { try readTar(archive) } throws: { code($0) == .corruptTar }
    }

    @Test func tellsWhatIsNoTar() throws {
        for bytes in [[], [1, 2, 3], [UInt8](repeating: 65, count: 2000)] as [[UInt8]] {
            #expect { try readTar(bytes) } throws: { code($0) == .notTar }
        }
        var damaged = header("a")
        damaged[0] ^= 1
        #expect { try readTar(damaged + Self.end) } throws: { code($0) == .notTar }
        #expect { try readTar(header("b") + damaged + Self.end) } throws: { code($0) == .corruptTar }
        #expect { try readTar([UInt8](repeating: 0, count: 512) + header("a")) } throws: { code($0) == .corruptTar }
        #expect(try readTar(Self.end).members.isEmpty)
    }

    @Test func refusesTruncation() throws {
        let archive = header("a", size: [UInt8]("00000001000".utf8)) + [UInt8](repeating: 7, count: 512) + Self.end
        for count in [511, 513, 800, 1023] {
            #expect(throws: ArchiveError.self) { try readTar([UInt8](archive[..<count])) }
        }
        #expect { try readTar(header("a", flag: "x")) } throws: { code($0) == .truncated }
        let (_, summary) = try readTar([UInt8](archive[..<1024]))
        #expect(!summary.hasEndMarker)
    }

    @Test func countsBytesBehindTheEnd() throws {
        let archive = header("a") + Self.end
        #expect(try readTar(archive + [UInt8](repeating: 0, count: 9000)).1.trailingBytes == 0)
        #expect(try readTar(archive + [0, 0, 1, 2], step: 100).1.trailingBytes == 2)
    }

    @Test func marksWhatOthersReadDifferently() throws {
        let sized = header("folder/", size: [UInt8]("00000001000".utf8), flag: "5") + Self.end
        let entry = try #require(try readTar(sized).members.first?.entry)
        #expect(entry.isIrregular)
        #expect(entry.size == 0)
        let record = [UInt8]("10 path=b\n".utf8)
        let global =
            header("g", size: [UInt8]("00000000012".utf8), flag: "g") + record + [UInt8](repeating: 0, count: 502)
            + header("a") + Self.end
        let renamed = try #require(try readTar(global).members.first)
        #expect(renamed.name == "b")
        #expect(renamed.entry.isIrregular)
    }

    private func extended(_ record: String, flag: String = "x") -> [UInt8] {
        let size = String(record.utf8.count, radix: 8)
        return header(
            "x", size: [UInt8]((String(repeating: "0", count: 11 - size.count) + size).utf8), flag: flag)
            + [UInt8](record.utf8) + [UInt8](repeating: 0, count: 512 - record.utf8.count)
    }

    /// Go's reader, which consumers use, takes the last of several extended headers, forgets them at a global one, knows no
    /// Sun headers, and reads a prefix in GNU headers whose times are none.
    @Test func marksHeadersThatGoReadsDifferently() throws {
        func isIrregular(_ archive: [UInt8]) throws -> [Bool] {
            try readTar(archive + Self.end).members.map(\.entry.isIrregular)
        }
        let path = extended("10 path=b\n")
        let comment = extended("13 comment=c\n")
        let global = extended("13 comment=c\n", flag: "g")
        let longName = extended("long\u{0}", flag: "L")
        #expect(try isIrregular(path + header("a")) == [false])
        #expect(try isIrregular(global + path + header("a") + path + header("a")) == [false, false])
        #expect(try isIrregular(longName + header("a")) == [false])
        #expect(try isIrregular(extended("10 path=b\n", flag: "X") + header("a") + header("c")) == [true, false])
        #expect(try isIrregular(path + comment + header("a") + header("c")) == [true, false])
        #expect(try isIrregular(path + global + header("a") + header("c")) == [true, false])
        #expect(try isIrregular(longName + global + header("a") + header("c")) == [true, false])
        // Two long names for one entry: some take the first kind, some the second.
        #expect(try isIrregular(longName + path + header("a") + header("c")) == [true, false])
        // A slash behind a file's name makes it a folder only where there was no other way to say so.
        #expect(try isIrregular(header("a/", flag: "0") + header("b/", flag: "\u{0}")) == [true, false])
    }

    @Test(arguments: [
        "12 path=a\u{0}b\n", "16 linkpath=a\u{0}b\n", "8 k=vvvx", "99 path=b\n", "7 path\n", "x path=b\n", "8 size=x\n",
    ])
    func refusesMalformedRecords(record: String) {
        for flag in ["x", "g"] {
            #expect("\(flag)") {
                try readTar(extended(record, flag: flag) + header("a") + Self.end)
            } throws: {
                code($0) == .corruptTar
            }
        }
    }

    /// Numbers that nobody here needs: others may refuse them.
    @Test(arguments: [
        ("0000000\u{0}", false), ("0000000 ", false), ("zzzzzzz\u{0}", true), ("0000 12\u{0}", true),
        ("00\u{0}0012\u{0}", true),
    ])
    func marksBadNumbers(number: String, isIrregular: Bool) throws {
        for field in [108, 116] {
            var block = header("a")
            block.replaceSubrange(field..<(field + 8), with: [UInt8](number.utf8))
            #expect(try readTar(Self.sealed(block) + Self.end).members.map(\.entry.isIrregular) == [isIrregular])
        }
    }

    /// The header with the checksum that belongs to it.
    private static func sealed(_ block: [UInt8]) -> [UInt8] {
        var block = block
        block.replaceSubrange(148..<156, with: [UInt8]("        ".utf8))
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        block.replaceSubrange(
            148..<155, with: [UInt8]((String(repeating: "0", count: 6 - sum.utf8.count) + sum + "\u{0}").utf8))
        return block
    }

    /// Python's tarfile reads a prefix whatever the magic is.
    @Test(arguments: ["ustar  \u{0}", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}", "anything", "ustar00\u{0}"])
    func marksOtherHeadersWithAPrefix(magic: String) throws {
        func block(_ field: [UInt8]) -> [UInt8] {
            var block = header("a")
            block.replaceSubrange(257..<265, with: [UInt8](magic.utf8))
            block.replaceSubrange(345..<(345 + field.count), with: field)
            return Self.sealed(block)
        }
        #expect(try readTar(block([]) + Self.end).members.map(\.entry.isIrregular) == [false])
        #expect(try readTar(block([UInt8]("etc".utf8)) + Self.end).members.map(\.entry.isIrregular) == [true])
        let last = [UInt8](repeating: 0, count: 154) + [1]
        #expect(try readTar(block(last) + Self.end).members.map(\.entry.isIrregular) == [true])
    }

    @Test(
        arguments: ["0", "5"],
        [("0000777", false), ("0004755", true), ("0002755", true), ("0001777", true), ("0120644", true)])
    func marksModesThatAreMoreThanPermissions(flag: String, mode: (text: String, isIrregular: Bool)) throws {
        let members = try readTar(header("a", flag: flag, mode: mode.text) + Self.end).members
        #expect(members.map(\.entry.isIrregular) == [mode.isIrregular])
    }

    /// As tar's old formats have it; a type that contradicts the header's is another matter.
    @Test func theTypeMayBeInTheMode() throws {
        func isIrregular(_ flag: String, _ mode: String) throws -> Bool? {
            try readTar(header("a", flag: flag, mode: mode) + Self.end).members.first?.entry.isIrregular
        }
        #expect(try isIrregular("0", "0100644") == false)
        #expect(try isIrregular("5", "0040755") == false)
        #expect(try isIrregular("0", "0040755") == true)
        #expect(try isIrregular("5", "0100644") == true)
        #expect(try isIrregular("0", "0104755") == true)
    }

    @Test(arguments: [
        "SCHILY.xattr.user.a", "LIBARCHIVE.xattr.user.a", "SCHILY.acl.access", "SCHILY.acl.default", "SCHILY.acl.ace",
        "SCHILY.fflags", "RHT.security.selinux", "MSWINDOWS.rawsd", "SUN.holesdata",
    ])
    func marksExtendedAttributes(key: String) throws {
        // Two digits for the length, a blank, an equals sign, two bytes of value and a newline.
        let record = "\(key.utf8.count + 7) \(key)=rw\n"
        let local = extended(record) + header("a") + header("b") + Self.end
        #expect(try readTar(local).members.map(\.entry.isIrregular) == [true, false])
        let global = extended(record, flag: "g") + header("a") + header("b") + Self.end
        #expect(try readTar(global).members.map(\.entry.isIrregular) == [true, true])
    }

    @Test func oldFoldersEndInASlash() throws {
        #expect(try readTar(header("old/", flag: "\u{0}") + Self.end).members.first?.entry.kind == .directory)
    }

    @Test func randomBytesNeverCrash() throws {
        var generator = SeededGenerator(5)
        let archive = try writeTar([
            (
                TarEntry(
                    kind: .regular, name: [UInt8](String(repeating: "n", count: 300).utf8), size: 700, mode: 0o600),
                sampleBytes(700, seed: 1)
            ),
            (TarEntry(kind: .directory, name: [UInt8]("d".utf8), mode: 0o750), []),
        ])
        for _ in 0..<2000 {
            var damaged = archive
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = .random(
                    in: .min ... .max, using: &generator)
            }
            _ = try? readTar(damaged, step: Int.random(in: 1...2000, using: &generator))
        }
    }
}

@Suite struct TarWriterTests {
    @Test func tarReadsItsArchives() async throws {
        let members: [(TarEntry, [UInt8])] =
            TarReaderTests.names.enumerated().map { index, name in
                let content = sampleBytes(index * 400, seed: UInt64(index))
                return (
                    TarEntry(kind: .regular, name: [UInt8](name.utf8), size: Int64(content.count), mode: 0o600), content
                )
            } + [(TarEntry(kind: .regular, name: [0x66, 0xe9, 0xff], size: 1, mode: 0o700), [9])]
        let archive = try writeTar(members)
        let folder = try TemporaryDirectory()
        try folder.write([], to: "out/.keep")
        let outcome = try await CommandLineTool.run("tar", ["-xf", "-"], input: archive, directory: folder.file("out"))
        #expect(outcome.status == 0, "\(outcome.errorOutput)")
        #expect(outcome.stderr.isEmpty)
        for (name, member) in zip(TarReaderTests.names, members) { #expect(try folder.read("out/\(name)") == member.1) }
        let read = try readTar(archive, step: 333)
        #expect(read.members.map(\.entry.name) == members.map(\.0.name))
        #expect(read.members.map(\.content) == members.map(\.1))
        let listed = try await CommandLineTool.run(
            "python3",
            [
                "-c",
                "import tarfile,sys,io; sys.stdout.buffer.write(b'\\0'.join(m.name.encode('utf-8','surrogateescape') for m in tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()), encoding='utf-8', errors='surrogateescape')))",
            ], input: archive)
        #expect(listed.stdout.split(separator: 0).map { [UInt8]($0) } == members.map(\.0.name))
    }

    @Test func foldersGetASlashAndOwnersNothing() throws {
        let archive = try writeTar([(TarEntry(kind: .directory, name: [UInt8]("d".utf8), mode: 0o750), [])])
        #expect(archive[0..<3].elementsEqual([UInt8]("d/\u{0}".utf8)))
        #expect(archive[265..<329].allSatisfy { $0 == 0 })
        #expect(archive.count == 512 + 1024)
    }
}

@Suite struct ArchivePathTests {
    /// Not every program that unpacks has a flag for it.
    @Test func limitsNameWhatSetsThemOnlyWhereSomethingDoes() {
        for (name, limits, flag) in [
            ("a/b/c", ArchivePath.Limits(depth: 2), "--depth"), ("abcdef", ArchivePath.Limits(length: 3), "--length"),
        ] {
            var named = limits
            named.settings = ArchivePath.Limits.Settings(length: "--length", depth: "--depth")
            let fixed = #expect(throws: ArchiveError.self) { try ArchivePath(Array(name.utf8), limits: limits) }
            #expect("\(fixed, default: "-")".contains("--") == false)
            let adjustable = #expect(throws: ArchiveError.self) { try ArchivePath(Array(name.utf8), limits: named) }
            #expect("\(adjustable, default: "-")".contains(" (\(flag)): '\(name)'"))
        }
    }
}
