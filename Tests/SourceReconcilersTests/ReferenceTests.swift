import ControllerRuntime
import Core
import KubernetesAPI
import OCI
import SourceReconcilers
import TestSupport
import Testing

/// Which version a reference means, and what is taken of it.
@Suite struct ReferenceTests {
    @Test func digestWinsOverSemverWinsOverTag() async throws {
        try await Workbench.run { bench in
            let one = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "1"]))
            let two = bench.registry.push("2.0.0", layer: TarArchive.layer(["a": "2"]))
            let three = bench.registry.push("three", layer: TarArchive.layer(["a": "3"]))
            let latest = bench.registry.push("latest", layer: TarArchive.layer(["a": "latest"]))
            let cases: [(JSONValue, String)] = [
                (["tag": "1.0.0", "semver": ">=1.0.0", "digest": .string(three.description)], three.description),
                (["tag": "1.0.0", "semver": ">=1.0.0"], "2.0.0@\(two)"), (["tag": "1.0.0"], "1.0.0@\(one)"),
                (.null, "latest@\(latest)"),
            ]
            for (index, (reference, revision)) in cases.enumerated() {
                let name = "app-\(index)"
                try await bench.create(name, ["ref": reference])
                try await bench.reconcile(name)
                let artifact = try #require(try await bench.object(name).status.artifact)
                #expect(artifact.revision == revision)
                #expect(
                    try await bench.condition(ConditionType.ready, of: name)?.message
                        == "stored artifact for digest '\(revision)'")
            }
        }
    }

    /// The tags come in pages of three.
    static let tags = [
        "1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1", "2.0.0", "v2.1.0", "3.0.0-alpha.1", "1.2.3-debug", "latest",
        "nightly",
        "1.2.0_build.7",
    ]

    @Test(
        arguments: [
            (">=1.0.0", nil, "v2.1.0"), ("1.x", nil, "1.10.0"), ("~1.2", nil, "1.2.0"), ("^1.2 || 2.0.0", nil, "2.0.0"),
            ("1.0 - 2.0", nil, "2.0.0"), (">=3.0.0-0", nil, "3.0.0-alpha.1"), (">=1.0.0-0", "-debug$", "1.2.3-debug"),
            (">=1.0.0-0", "rc", "2.0.0-rc.1"), ("*", "^1", "1.10.0"), (">1.0.0, <1.10.0", nil, "1.2.0"),
        ] as [(String, String?, String)])
    func theHighestVersionOfTheRangeIsTaken(range: String, filter: String?, expected: String) async throws {
        try await Workbench.run { bench in
            for tag in Self.tags { bench.registry.push(tag, layer: TarArchive.layer(["tag": tag])) }
            var reference: JSONValue = ["semver": .string(range), "tag": .null]
            if let filter { reference["semverFilter"] = .string(filter) }
            try await bench.create("app", ["ref": reference])
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            #expect(artifact.revision.hasPrefix("\(expected)@sha256:"), "\(artifact.revision)")
            let lists = bench.registry.exchanges.filter(\.isTagList)
            #expect(lists.count == (Self.tags.count + 2) / 3, "each page is asked for once")
        }
    }

    @Test func underscoresOfChartTagsArePlusSigns() async throws {
        try await Workbench.run { bench in
            let chart = TarArchive.layer(["chart/Chart.yaml": "name: chart"])
            bench.registry.push("1.2.3_build.5", layer: chart, type: .helmChartContent)
            let reference: JSONValue = ["semver": ">=1.2.0", "tag": .null]
            try await bench.create(
                "chart",
                [
                    "ref": reference,
                    "layerSelector": [
                        "mediaType": .string(MediaType.helmChartContent.description), "operation": "copy",
                    ],
                ])
            try await bench.reconcile("chart")
            #expect(try await bench.object("chart").status.artifact?.revision.hasPrefix("1.2.3_build.5@") == true)
            // Byte for byte the chart, for Helm's own tools.
            #expect(try await bench.artifact("chart") == chart)

            // Elsewhere an underscore makes a tag that is no version.
            try await bench.create("other", ["ref": reference])
            try await bench.reconcile("other")
            #expect(
                try await bench.condition(ConditionType.fetchFailed, of: "other")?.message.contains("no match") == true)
        }
    }

    @Test func aPinnedTagMustHaveItsDigest() async throws {
        try await Workbench.run { bench in
            let one = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "1"]))
            try await bench.create("app", ["ref": ["tag": .string("1.0.0@\(one)")]])
            try await bench.reconcile()
            #expect(try await bench.object().status.artifact?.revision == "1.0.0@\(one)")

            let other = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "moved"]))
            try await bench.reconcile()
            let status = try await bench.object().status
            let message = try #require(status.condition(ConditionType.fetchFailed)?.message)
            #expect(message.contains(one.description) && message.contains(other.description))
            #expect(status.artifact?.revision == "1.0.0@\(one)", "the good artifact stays")
            #expect(bench.registry.downloads == 1)
        }
    }

    @Test func whatIsTakenOfAnIndexIsSaid() async throws {
        try await Workbench.run { bench in
            let registry = bench.registry
            let amd = registry.push("amd", layer: TarArchive.layer(["arch": "amd64"]))
            let arm = registry.push("arm", layer: TarArchive.layer(["arch": "arm64"]))
            let chart = registry.push("chart", layer: TarArchive.layer(["chart": "yes"]), type: .helmChartContent)
            let platforms = [
                registry.descriptor(arm, platform: Platform(os: "linux", architecture: "arm64")),
                registry.descriptor(amd, platform: .linuxAMD64),
            ]
            let multi = registry.push("multi", index: platforms)
            let mixed = registry.push("mixed", index: platforms + [registry.descriptor(chart)])

            let cases: [(String, Digest, JSONValue, Digest, String)] = [
                ("multi", multi, [:], amd, "arch"), ("mixed", mixed, [:], chart, "chart"),
                (
                    "mixed", mixed, ["mediaType": .string(MediaType.helmChartContent.description)], chart, "chart"
                ),
            ]
            for (number, (tag, index, selector, chosen, file)) in cases.enumerated() {
                let name = "app-\(number)"
                let spec: JSONValue = [
                    "ref": ["tag": .string(tag)], "layerSelector": selector == [:] ? .null : selector,
                ]
                try await bench.create(name, spec)
                try await bench.reconcile(name)
                let artifact = try #require(try await bench.object(name).status.artifact)
                #expect(artifact.revision == "\(tag)@\(index)", "the revision is that of the index")
                #expect(try await bench.names(name) == [file])
                let event = try #require(bench.events.all.last { $0.object.name == name })
                #expect(event.reason == "NewArtifact" && event.message.contains("chose manifest \(chosen)"))
                let quote = Quote(#"chose manifest sha256:a450e8f4... (linux/amd64) of 2 in the index"#)
                #expect(quote.matches(event.message) == (tag == "multi"), "\(event.message)")
            }
        }
    }

    @Test func aStoredDigestNeedsNoRegistry() async throws {
        try await Workbench.run { bench in
            let digest = bench.registry.push("x", layer: TarArchive.layer(["a": "1"]))
            try await bench.create("app", ["ref": ["digest": .string(digest.description)]])
            try await bench.reconcile()
            #expect(try await bench.object().status.artifact?.path.hasSuffix("/\(digest).tar.gz") == true)
            bench.registry.forgetExchanges()
            bench.api.forgetExchanges()
            try await bench.reconcile()
            #expect(bench.registry.exchanges.isEmpty)
            #expect(!bench.api.exchanges.contains { $0.path.contains("ocirepositories/app") })
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func theManifestsAnnotationsAreShown() async throws {
        try await Workbench.run { bench in
            let annotations = [
                "org.opencontainers.image.source": "https://git.test/team/app",
                "org.opencontainers.image.revision": "main@sha1:abc", "x": "y",
            ]
            let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "1"]), annotations: annotations)
            try await bench.create()
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            #expect(artifact.metadata == annotations)
            let event = try #require(bench.events.all.first)
            #expect(
                event.message
                    == "stored artifact with revision '1.0.0@\(digest)' from '\(bench.url)', origin source 'https://git.test/team/app', origin revision 'main@sha1:abc'"
            )
            let quote = Quote(
                #"stored artifact with revision '1.0.0@sha256:6e157705...' from 'oci://127.0.0.1:5051/team/app', origin source 'https://git.test/team/app', origin revision 'main@sha1:abc'"#
            )
            #expect(quote.matches(event.message), "\(event.message)")
            #expect(event.annotations["source.toolkit.fluxcd.io/revision"] == "1.0.0@\(digest)")
            #expect(event.annotations["source.toolkit.fluxcd.io/digest"] == artifact.digest)
        }
    }
}
