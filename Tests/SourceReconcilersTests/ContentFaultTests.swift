import Archiving
import ArtifactStore
import ControllerRuntime
import Core
import Foundation
import KubernetesAPI
import OCI
import SourceReconcilers
import TestSupport
import Testing

/// Layers that must not be stored, and what of a layer is left out.
@Suite struct ContentFaultTests {
    @Test(.timeLimit(.minutes(10)), arguments: layers + limits + disk)
    func isReported(_ fault: FaultCase) async throws { try await fault.prove() }

    private static let prefix = "failed to extract layer contents from artifact: "

    private static func layer(
        _ name: String, _ fragments: String..., options: Workbench.Options = .init(),
        _ make: @escaping @Sendable () -> [UInt8]
    ) -> FaultCase {
        FaultCase(name, ConditionReason.layerOperationFailed, prefix, options: options) { bench in
            bench.registry.push("1.0.0", layer: make())
            return [:]
        }.expecting(fragments)
    }

    private static func archive(
        _ name: String, _ fragments: String..., options: Workbench.Options = .init(),
        _ fill: @escaping @Sendable (inout TarArchive) -> Void
    ) -> FaultCase {
        layer(name, options: options) {
            var archive = TarArchive()
            archive.add("good", Array("good".utf8))
            fill(&archive)
            return archive.layer
        }.expecting(fragments)
    }

    static let layers: [FaultCase] = [
        layer("text", "gzip") { Array("just text, no gzip at all".utf8) },
        layer("an empty layer", "gzip") { [] },
        layer("a plain tar", "gzip") {
            var archive = TarArchive()
            archive.add("a", [1])
            return archive.finished
        },
        layer("gzip of no tar", "tar") { gzip(Array(String(repeating: "no archive. ", count: 200).utf8)) },
        layer("gzip that is cut short") { Array(TarArchive.layer(["a": "some content"]).dropLast(9)) },
        layer("gzip with a wrong checksum") {
            var bytes = TarArchive.layer(["a": "some content"])
            bytes[bytes.count - 6] ^= 0xff
            return bytes
        },
        layer("tar that is cut short") {
            var archive = TarArchive()
            archive.add("a", [UInt8](repeating: 1, count: 3000))
            return gzip(Array(archive.bytes.prefix(2000)))
        },
        archive("a path out of the root", "../evil") { $0.add("../evil", [1]) },
        archive("a path out of the root in the middle", "..") { $0.add("a/../../evil", [1]) },
        archive("an absolute path", "/etc/passwd") { $0.add("/etc/passwd", [1]) },
        archive("a link's name out of the root", "../evil") { $0.add("../evil", type: "2", link: "/etc/passwd") },
    ]

    static let limits: [FaultCase] = [
        archive("a bomb by ratio", "--compression-ratio-limit") {
            $0.add("zeros", [UInt8](repeating: 0, count: 72 << 20))
        },
        archive(
            "a bomb by size", "--unpacked-size-limit", options: .limited { $0.unpackedSize = 1 << 20 }
        ) { $0.add("zeros", [UInt8](repeating: 0, count: 2 << 20)) },
        archive("too many entries", "--entry-count-limit", options: .limited { $0.entryCount = 100 }) { archive in
            for number in 0..<100 { archive.add("file-\(number)") }
        },
        archive("a name of 100 kB") { $0.add(longName: [UInt8](repeating: UInt8(ascii: "n"), count: 100_000)) },
        archive("a path too long", "--path-length-limit", options: .limited { $0.path.length = 30 }) {
            $0.add(String(repeating: "d/", count: 40) + "f")
        },
        archive("a path too deep", "--path-depth-limit", options: .limited { $0.path.depth = 10 }) {
            $0.add(String(repeating: "d/", count: 12) + "file")
        },
        FaultCase("too many ignore rules", ConditionReason.layerOperationFailed, prefix) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "some content"]))
            return ["ignore": .string(String(repeating: "x\n", count: 20_001))]
        },
        layer("a layer too large", "--layer-size-limit", options: .limited { $0.layerSize = 20 }) {
            TarArchive.layer(["a": "some content"])
        },
    ]

    static let disk: [FaultCase] = [
        FaultCase(
            "a full store", ConditionReason.archiveOperationFailed, "--storage-size-limit",
            condition: ConditionType.storageOperationFailed, options: .init(sizeLimit: 10)
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "some content"]))
            return [:]
        }
    ]

    @Test func aFolderThatCannotBeMadeIsSaid() async throws {
        try await Workbench.run { bench in
            try bench.folder.write("", to: "ocirepository/apps")
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            try await bench.create()
            try await bench.reconcile()
            let failure = try #require(try await bench.condition(ConditionType.storageOperationFailed))
            #expect(failure.status == .yes && failure.reason == "DirectoryCreationFailed")
            let quote = Quote(
                #"failed to create artifact directory: cannot open folder '.../ocirepository/apps': Not a directory"#)
            #expect(quote.matches(failure.message), "\(failure)")
            #expect(try await bench.condition(ConditionType.ready)?.message == failure.message)
            let version = try await bench.object().metadata.resourceVersion
            try await bench.reconcile()
            #expect(try await bench.object().metadata.resourceVersion == version)

            try FileManager.default.removeItem(atPath: bench.folder.file("ocirepository/apps"))
            try await bench.reconcile()
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func aStoreThatCannotBeLookedAtIsSaid() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "content"]))
            try await bench.create()
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            let folder = bench.folder.file("ocirepository/apps/app")
            try FileManager.default.moveItem(atPath: folder, toPath: folder + ".away")
            try bench.folder.write("", to: "ocirepository/apps/app")
            try await bench.reconcile()
            let status = try await bench.object().status
            let failure = try #require(status.condition(ConditionType.storageOperationFailed))
            #expect(failure.status == .yes && failure.reason == "StatOperationFailed")
            let quote = Quote(
                #"failed to check artifact 'ocirepository/apps/app/sha256:6e157705....tar.gz': cannot open folder '...': Not a directory"#
            )
            #expect(quote.matches(failure.message), "\(failure)")
            #expect(status.condition(ConditionType.ready)?.message == failure.message)
            #expect(status.artifact == artifact, "nobody knows that it is gone")

            try FileManager.default.removeItem(atPath: folder)
            try FileManager.default.moveItem(atPath: folder + ".away", toPath: folder)
            try await bench.reconcile()
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func linksAreLeftOutAndSaid() async throws {
        try await Workbench.run { bench in
            var archive = TarArchive()
            archive.add("good", Array("good".utf8))
            archive.add("passwd", type: "2", link: "/etc/passwd")
            archive.add("shadow", type: "1", link: "../../../etc/shadow")
            archive.add("up", type: "2", link: "../..")
            bench.registry.push("1.0.0", layer: archive.layer)
            try await bench.create()
            try await bench.reconcile()
            #expect(try await bench.kstatus() == .current)
            #expect(try await bench.names() == ["good"])
            let event = try #require(bench.events.all.first { $0.reason == "EntriesSkipped" })
            #expect(event.type == .normal)
            let quote = Quote(
                #"skipped 3 entries of the layer (symbolic or hard links: 3): passwd, shadow, up"#)
            #expect(quote.matches(event.message), "\(event.message)")
        }
    }

    @Test func namesSurviveByteForByte() async throws {
        try await Workbench.run { bench in
            let names = [
                "with spaces/and more", "üñí/日本.yaml", "u\u{308}", "tab\there", String(repeating: "l", count: 95),
            ]
            var archive = TarArchive()
            for name in names { archive.add(name, Array(name.utf8)) }
            let layer = archive.layer
            bench.registry.push("1.0.0", layer: layer)
            try await bench.create()
            try await bench.reconcile()
            // Nothing to leave out: the bytes are the signed ones.
            #expect(try await bench.artifact() == layer)

            try await bench.change(spec: ["ignore": "tab*"])
            try await bench.reconcile()
            #expect(try await bench.artifact() != layer)
            let path = try #require(try await bench.object().status.artifact?.path)
            let listing = try await CommandLineTool.run(
                "tar", ["--quoting-style=literal", "-tzf", bench.folder.file(path)])
            let stored = listing.stdout.split(separator: 0x0a).map(Array.init).filter { $0.last != UInt8(ascii: "/") }
            let expected = names.filter { !$0.hasPrefix("tab") }.map { Array($0.utf8) }
            #expect(Set(stored) == Set(expected))
        }
    }
}

extension Workbench.Options {
    static func limited(_ change: (inout ArtifactLimits) -> Void) -> Workbench.Options {
        var options = Workbench.Options()
        change(&options.limits)
        return options
    }
}
