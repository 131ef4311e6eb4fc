import Core
import OCI
import Testing

@Suite("Manifests")
struct ManifestTests {
    static let hash = "sha256:" + String(repeating: "1", count: 64)
    static func descriptor(_ type: String = "a/b", extra: String = "") -> String {
        #"{"mediaType":"\#(type)","digest":"\#(hash)","size":3\#(extra)}"#
    }

    private func parse(_ json: String, _ type: MediaType? = nil) throws -> Manifest {
        try Manifest(parsing: [UInt8](json.utf8), contentType: type)
    }

    @Test(
        "An image manifest is read, with and without its own media type",
        arguments: [MediaType.ociManifest, .dockerManifest])
    func image(type: MediaType) throws {
        let body = """
            "schemaVersion":2,"config":\(Self.descriptor()),"layers":[\(Self.descriptor("l/1")),\(Self.descriptor("l/2"))],
            "annotations":{"org.opencontainers.image.source":"here"},"subject":\(Self.descriptor()),"unknown":[1]
            """
        for json in ["{\(body)}", #"{"mediaType":"\#(type)",\#(body)}"#] {
            guard case .image(let manifest) = try parse(json, type) else {
                Issue.record("not an image manifest")
                continue
            }
            #expect(manifest.mediaType == type)
            #expect(manifest.layers.map(\.mediaType) == ["l/1", "l/2"])
            #expect(manifest.annotations[AnnotationKey.source] == "here")
            #expect(manifest.subject?.size == 3)
        }
    }

    @Test("An index is read, platforms included")
    func index() throws {
        let entry = Self.descriptor(
            MediaType.ociManifest.description, extra: #","platform":{"os":"linux","architecture":"arm","variant":"v7"}"#
        )
        guard case .index(let index) = try parse(#"{"schemaVersion":2,"manifests":[\#(entry)]}"#, .ociIndex) else {
            Issue.record("not an index")
            return
        }
        #expect(index.manifests.first?.platform == Platform(os: "linux", architecture: "arm", variant: "v7"))
    }

    @Test("Serialised manifests read back equal and are the same bytes each time")
    func roundTrip() throws {
        let digest = try Digest(parsing: Self.hash)
        let layer = Descriptor(
            mediaType: .fluxContent, digest: digest, size: 12, annotations: ["k": "v"], artifactType: "x/y",
            platform: .linuxAMD64)
        let manifest = ImageManifest(
            artifactType: "a/t", config: layer, layers: [layer, layer], subject: layer,
            annotations: ["b": "1", "a": "2"])
        #expect(try Manifest(parsing: manifest.serialized()) == .image(manifest))
        #expect(manifest.serialized() == manifest.serialized())
        let index = ImageIndex(artifactType: "a/t", manifests: [layer], subject: layer, annotations: ["a": "2"])
        #expect(try Manifest(parsing: index.serialized()) == .index(index))
    }

    @Test(
        "What is no manifest, or two kinds at once, is refused",
        arguments: [
            "", "[]", "<html>", "{}", #"{"schemaVersion":2}"#, #"{"schemaVersion":"2","layers":[]}"#,
            #"{"schemaVersion":2,"config":{},"layers":[]}"#,
            #"{"schemaVersion":2,"config":\#(descriptor()),"layers":{}}"#,
            #"{"schemaVersion":2,"config":\#(descriptor()),"layers":[1]}"#,
            #"{"schemaVersion":2,"config":\#(descriptor()),"layers":[],"manifests":[]}"#,
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":\#(descriptor()),"layers":[]}"#,
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#,
            #"{"schemaVersion":2,"config":\#(descriptor()),"layers":[{"mediaType":"x","digest":"sha256:12","size":1}]}"#,
            #"{"schemaVersion":2,"config":\#(descriptor()),"layers":[{"mediaType":"x","digest":"\#(hash)","size":-1}]}"#,
            #"{"schemaVersion":2,"config":\#(descriptor()),"layers":[{"mediaType":"x","digest":"\#(hash)","size":1.5}]}"#,
            #"{"schemaVersion":2,"config":\#(descriptor()),"layers":[{"mediaType":7,"digest":"\#(hash)","size":1}]}"#,
            #"{"schemaVersion":2,"config":\#(descriptor()),"layers":[],"layers":[]}"#,
            #"{"schemaVersion":2,"config":\#(descriptor()),"layers":[],"annotations":{"a":1}}"#,
        ])
    func refused(json: String) {
        let error = #expect(throws: OCIError.self) { try parse(json) }
        #expect(error?.code == .invalidManifest)
    }

    @Test("A content type that contradicts the document is refused")
    func contradiction() {
        let json =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","config":\#(Self.descriptor()),"layers":[]}"#
        #expect(throws: OCIError.self) { try parse(json, .dockerManifest) }
        #expect(throws: Never.self) { try parse(json, .ociManifest) }
        // Some registries answer manifests as plain JSON or bytes: then the document alone decides.
        #expect(throws: Never.self) { try parse(json, "application/octet-stream") }
    }

    @Test("Docker's schema 1 and unknown kinds are refused with a next step")
    func schema1() {
        for (json, type) in [
            (#"{"schemaVersion":1,"name":"x","fsLayers":[]}"#, MediaType?.none),
            (#"{"schemaVersion":1}"#, .dockerSchema1Signed),
            (#"{"schemaVersion":2,"mediaType":"application/vnd.oci.artifact.manifest.v1+json"}"#, nil),
        ] {
            let error = #expect(throws: OCIError.self) { try parse(json, type) }
            #expect(error?.code == .unsupportedManifest)
            #expect(error?.message.contains("push") == true)
        }
    }

    @Test("The number of layers and annotations is bounded")
    func bounds() {
        let layers = Array(repeating: Self.descriptor(), count: 10_001).joined(separator: ",")
        #expect(throws: OCIError.self) {
            try parse(#"{"schemaVersion":2,"config":\#(Self.descriptor()),"layers":[\#(layers)]}"#)
        }
        let annotations = (0...1000).map { #""k\#($0)":"v""# }.joined(separator: ",")
        #expect(throws: OCIError.self) {
            try parse(
                #"{"schemaVersion":2,"config":\#(Self.descriptor()),"layers":[],"annotations":{\#(annotations)}}"#)
        }
        #expect(throws: OCIError.self) {
            try Manifest(parsing: [UInt8](repeating: 0x20, count: Manifest.maximumSize + 1))
        }
    }

    @Test("Content types lose parameters and case")
    func contentTypes() {
        #expect(MediaType(contentType: "Application/JSON ; charset=utf-8") == "application/json")
    }
}

@Suite("The manifest of an index")
struct IndexSelectionTests {
    private static func entry(
        _ number: UInt8, _ platform: Platform? = nil, artifactType: MediaType? = nil,
        mediaType: MediaType = .ociManifest, annotations: [String: String] = [:]
    ) -> Descriptor {
        Descriptor(
            mediaType: mediaType, digest: Digest(algorithm: .sha256, bytes: Array(repeating: number, count: 32)),
            size: 1,
            annotations: annotations, artifactType: artifactType, platform: platform)
    }
    private static func manifest(_ types: MediaType...) -> ImageManifest {
        ImageManifest(config: entry(0), layers: types.map { entry(9, mediaType: $0) })
    }
    private static let arm = Platform(os: "linux", architecture: "arm64")
    private static let attestation = entry(
        8, Platform(os: "unknown", architecture: "unknown"),
        annotations: ["vnd.docker.reference.type": "attestation-manifest"])

    @Test("Without a layer media type: the artifact, else linux/amd64, else the only one")
    func rules() throws {
        let image = Self.entry(1, .linuxAMD64)
        let armImage = Self.entry(2, Self.arm)
        let artifact = Self.entry(3)
        let typed = Self.entry(4, Self.arm, artifactType: "a/t")
        for (entries, expected) in [
            ([armImage, image, Self.attestation], image), ([image, armImage, artifact], artifact),
            ([armImage, typed, image], typed), ([armImage, Self.attestation], armImage), ([artifact], artifact),
            ([artifact, typed, image], image),
        ] {
            let selection = try IndexSelection(from: ImageIndex(manifests: entries))
            #expect(selection.descriptor == expected)
            #expect(selection.explanation.hasPrefix("chose manifest \(expected.digest)"))
        }
    }

    @Test("Nothing that fits is an error that lists what there is")
    func noMatch() {
        let windows = Self.entry(1, Platform(os: "windows", architecture: "amd64"))
        let nested = Self.entry(5, mediaType: .ociIndex)
        for entries in [
            [], [nested], [Self.attestation], [windows, Self.entry(2, Self.arm)], [Self.entry(3), Self.entry(4)],
        ] {
            let error = #expect(throws: OCIError.self) { try IndexSelection(from: ImageIndex(manifests: entries)) }
            // Only where there is a choice can the user make it.
            let hasChoice = entries.count > 1
            #expect(error?.code == (hasChoice ? .ambiguousIndex : .noMatchingManifest))
        }
        let error = #expect(throws: OCIError.self) {
            try IndexSelection(from: ImageIndex(manifests: [windows, Self.entry(2, Self.arm)]))
        }
        #expect(error?.message.contains("windows/amd64, linux/arm64") == true)
    }

    @Test("With a layer media type: the manifest that has such a layer, linux/amd64 before others")
    func byLayer() async throws {
        let image = Self.entry(1, .linuxAMD64)
        let armImage = Self.entry(2, Self.arm)
        let artifact = Self.entry(3)
        let index = ImageIndex(manifests: [armImage, artifact, image])
        #expect(IndexSelection.manifestsToInspect(of: index, layerMediaType: nil).isEmpty)
        #expect(IndexSelection.manifestsToInspect(of: index, layerMediaType: "x/y") == [image, armImage, artifact])
        let inspected = [
            image.digest: Self.manifest("x/y", "p/q"), armImage.digest: Self.manifest("x/y", "only/arm"),
            artifact.digest: Self.manifest("chart/z"),
        ]
        for (type, expected) in [("x/y", image), ("only/arm", armImage), ("chart/z", artifact)] {
            let selection = try IndexSelection(from: index, layerMediaType: type, inspected: inspected)
            #expect(selection.descriptor == expected)
        }
        let error = #expect(throws: OCIError.self) {
            try IndexSelection(from: index, layerMediaType: "no/such", inspected: inspected)
        }
        #expect(error?.message.contains("no/such") == true)
    }

    @Test("At most 32 manifests are looked into")
    func bounded() {
        let entries = (0..<200).map { Self.entry(UInt8($0), Self.arm) } + [Self.entry(250, .linuxAMD64)]
        let inspected = IndexSelection.manifestsToInspect(of: ImageIndex(manifests: entries), layerMediaType: "x/y")
        #expect(inspected.count == 32)
        #expect(inspected.first?.platform == .linuxAMD64)
    }

    private struct Manifests: ManifestFetching {
        let byDigest: [Digest: (MediaType, [UInt8])]
        func resolve(_ reference: ManifestReference) async throws -> Descriptor {
            try await fetchManifest(reference).descriptor
        }
        func fetchManifest(_ reference: ManifestReference) async throws -> FetchedManifest {
            guard case .digest(let digest) = reference, let (type, bytes) = byDigest[digest] else {
                throw OCIError(.invalidReference, "unknown \(reference)")
            }
            return FetchedManifest(
                descriptor: Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count)), bytes: bytes)
        }
    }

    private struct OneTag: ManifestFetching {
        func resolve(_ reference: ManifestReference) async throws -> Descriptor {
            #expect(reference == .tag("1.0"))
            return entry(1)
        }
        func fetchManifest(_ reference: ManifestReference) async throws -> FetchedManifest {
            throw OCIError(.invalidReference, "not asked for")
        }
    }

    @Test("A pinned tag must still name its digest; the failure says which digest was found")
    func pins() async throws {
        let found = Self.entry(1).digest
        let other = Self.entry(2).digest
        #expect(try await OneTag().resolve(try PinnedTag(parsing: "1.0")).digest == found)
        #expect(try await OneTag().resolve(try PinnedTag(parsing: "1.0@\(found)")).digest == found)
        let error = await #expect(throws: OCIError.self) {
            try await OneTag().resolve(try PinnedTag(parsing: "1.0@\(other)"))
        }
        #expect(error?.code == .digestMismatch)
        #expect(error?.message.contains("\(found)") == true && error?.message.contains("\(other)") == true)
    }

    @Test("An index is followed to its image manifest, never to another index")
    func following() async throws {
        let image = Self.entry(1, .linuxAMD64)
        let chart = Self.entry(2, Self.arm)
        let index = ImageIndex(manifests: [image, chart])
        let source = Manifests(byDigest: [
            image.digest: (.ociManifest, Self.manifest("x/y").serialized()),
            chart.digest: (.ociManifest, Self.manifest("chart/z").serialized()),
        ])
        let top = FetchedManifest(descriptor: Self.entry(7, mediaType: .ociIndex), bytes: index.serialized())
        let plain = try await source.imageManifest(of: top)
        #expect(plain.descriptor.digest == image.digest && plain.selection != nil)
        let selected = try await source.imageManifest(of: top, layerMediaType: "chart/z")
        #expect(selected.descriptor.digest == chart.digest)
        #expect(selected.manifest.layers.map(\.mediaType) == ["chart/z"])
        let liar = Manifests(byDigest: [image.digest: (.ociIndex, index.serialized())])
        await #expect(throws: OCIError.self) { try await liar.imageManifest(of: top) }
        let single = FetchedManifest(descriptor: image, bytes: Self.manifest("x/y").serialized())
        #expect(try await source.imageManifest(of: single).selection == nil)
    }
}
