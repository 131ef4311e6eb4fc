import Archiving
import TestSupport
import Testing

@Suite struct GunzipTests {
    @Test(arguments: [0, 1, 511, 4096, 70_000, 300_000], [1, 7, 1000, Int.max])
    func unpacksWhatGzipPacked(size: Int, step: Int) async throws {
        let data = sampleBytes(size, seed: UInt64(size) + 1)
        let packed = try await CommandLineTool.run("gzip", ["-c"], input: data).stdout
        let (bytes, summary) = try gunzip(packed, step: step)
        #expect(bytes == data)
        #expect((summary.members, summary.unpackedSize, summary.trailingBytes) == (1, Int64(size), 0))
    }

    @Test(arguments: [1, 3, 64, Int.max])
    func readsEveryMember(step: Int) throws {
        let parts = (1...5).map { sampleBytes($0 * 700, seed: UInt64($0)) }
        let packed = try parts.flatMap { try gzip($0) }
        let (bytes, summary) = try gunzip(packed, step: step)
        #expect(bytes == parts.flatMap { $0 })
        #expect(summary.members == 5)
        #expect(summary.trailingBytes == 0)
    }

    @Test(arguments: [1, 5, Int.max])
    func passesOverEveryHeaderField(step: Int) async throws {
        // Extra field, name, comment and header checksum, made and checked with Python.
        let script = """
            import sys, zlib, struct
            data = sys.stdin.buffer.read()
            flags = int(sys.argv[1])
            head = b'\\x1f\\x8b\\x08' + bytes([flags]) + b'\\1\\2\\3\\4\\0\\xff'
            if flags & 4: head += struct.pack('<H', 300) + b'e' * 300
            if flags & 8: head += b'name\\0'
            if flags & 16: head += b'comment\\0'
            if flags & 2: head += struct.pack('<H', zlib.crc32(head) & 0xffff)
            c = zlib.compressobj(wbits=-15)
            body = c.compress(data) + c.flush()
            sys.stdout.buffer.write(head + body + struct.pack('<II', zlib.crc32(data), len(data)))
            """
        let data = sampleBytes(3000, seed: 9)
        for flags in [0, 1, 2, 4, 8, 16, 31] {
            let packed = try await CommandLineTool.run("python3", ["-c", script, "\(flags)"], input: data).stdout
            #expect(try gunzip(packed, step: step).bytes == data, "flags \(flags)")
        }
        var broken = try await CommandLineTool.run("python3", ["-c", script, "31"], input: data).stdout
        broken[14] ^= 1
        #expect { try gunzip(broken, step: step) } throws: { code($0) == .corruptGzip }
    }

    @Test(arguments: [1, 100, Int.max])
    func reportsBytesBehindTheLastMember(step: Int) throws {
        let packed = try gzip([1, 2, 3])
        for garbage: [UInt8] in [[0], [0, 0, 0], [0x1f], [0x1f, 0x1f, 0x8b], [UInt8]("garbage".utf8)] {
            let (bytes, summary) = try gunzip(packed + garbage, step: step)
            #expect(bytes == [1, 2, 3])
            #expect(summary.trailingBytes == Int64(garbage.count))
        }
    }

    @Test func refusesEveryTruncation() throws {
        let packed = try gzip(sampleBytes(500, seed: 3))
        for count in 0..<packed.count {
            #expect(throws: ArchiveError.self, "\(count) bytes") { try gunzip([UInt8](packed[..<count])) }
        }
        #expect { try gunzip([UInt8](packed.dropLast())) } throws: { code($0) == .truncated }
        #expect { try gunzip(packed + packed.dropLast(9)) } throws: { code($0) == .truncated }
    }

    @Test func refusesDamage() throws {
        let packed = try gzip(sampleBytes(5000, seed: 4))
        for offset in [packed.count - 1, packed.count - 5, packed.count - 8, packed.count / 2] {
            var damaged = packed
            damaged[offset] ^= 0x10
            #expect { try gunzip(damaged) } throws: { code($0) == .corruptGzip || code($0) == .truncated }
        }
        // An unknown method, and flags that nobody knows.
        for (offset, value) in [(2, UInt8(7)), (3, 0x20), (3, 0x40), (3, 0x80)] {
            var odd = packed
            odd[offset] = value
            #expect("\(offset)") { try gunzip(odd) } throws: { code($0) == .corruptGzip }
        }
        for text in ["<!DOCTYPE html>", "PK\u{3}\u{4}", "\u{1f}x"] {
            #expect { try gunzip([UInt8](text.utf8)) } throws: { code($0) == .notGzip }
        }
    }

    @Test func randomDamageNeverPassesUnnoticed() throws {
        var generator = SeededGenerator(77)
        let data = sampleBytes(2000, seed: 5)
        let packed = try gzip(data)
        for _ in 0..<400 {
            var damaged = packed
            // Behind the header, whose time and system fields nobody checks.
            damaged[Int.random(in: 10..<packed.count, using: &generator)] ^= UInt8.random(
                in: 1...255, using: &generator)
            if let result = try? gunzip(damaged) { #expect(result.bytes == data) }
        }
    }
}

@Suite struct GzipWriterTests {
    @Test(arguments: [0, 1, 1000, 200_000])
    func gzipUnpacksIt(size: Int) async throws {
        let data = sampleBytes(size, seed: UInt64(size))
        let outcome = try await CommandLineTool.run("gzip", ["-dc"], input: try gzip(data))
        #expect(outcome.status == 0)
        #expect(outcome.stdout == data)
    }

    @Test func theSameBytesHoweverTheyAreCut() throws {
        let data = sampleBytes(400_000, seed: 8)
        let whole = try gzip(data)
        for step in [13, 512, 65_536, 100_001] { #expect(try gzip(data, step: step) == whole) }
        #expect(whole[4..<8].allSatisfy { $0 == 0 }, "no time in the header")
        #expect(whole[3] == 0, "no name in the header")
    }
}
