import Core
import Cryptography
import HTTPTransport
import OCI
import RegistryClient
import Testing

@Suite("Pushing what refers to another manifest")
struct AttachTests {
    private static let referrer = ImageManifest(
        artifactType: "sig/x", config: Sample.configDescriptor, layers: [Sample.layerDescriptor],
        subject: Sample.descriptor, annotations: ["k": "v"])
    private static let digest = Digest.of(referrer.serialized())
    private static let tag = "sha256-\(Sample.digest.hex)"
    private static let tagURL = "https://ghcr.io/v2/team/app/manifests/\(tag)"
    private static let entry: JSONValue = [
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": .string(digest.description),
        "size": .integer(Int64(referrer.serialized().count)), "artifactType": "sig/x", "annotations": ["k": "v"],
    ]
    private static let empty: JSONValue = [
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [],
    ]

    /// A registry without the referrers API, whose fallback tag holds `index`.
    private static func registry(
        _ index: Locked<JSONValue?>, _ headers: HTTPFields = [:],
        type: String = "application/vnd.oci.image.index.v1+json",
        store: @escaping @Sendable (JSONValue) -> JSONValue? = { $0 }
    ) -> ScriptedClient {
        ScriptedClient { exchange, _ in
            guard exchange.url == tagURL else { return .answer(201, headers) }
            if exchange.method == "PUT" {
                let value = try? JSONValue(parsing: exchange.body)
                index.withLock { $0 = value.flatMap(store) }
                return .answer(201)
            }
            guard let value = index.current else { return .answer(404) }
            return .answer(200, ["Content-Type": type], value.serialized())
        }
    }

    private func push(_ http: ScriptedClient) async throws -> ReferrerListingMode {
        let (descriptor, mode) = try await RegistryClient.scripted(http)
            .repository(try repository(), access: RegistryAccess()).push(referrer: Self.referrer)
        #expect(descriptor.digest == Self.digest)
        return mode
    }

    @Test("A registry that lists referrers is told once")
    func api() async throws {
        let http = ScriptedClient { _, _ in .answer(201, ["OCI-Subject": Sample.digest.description]) }
        #expect(try await push(http) == .registry)
        #expect(http.lines == ["PUT https://ghcr.io/v2/team/app/manifests/\(Self.digest)"])
    }

    @Test("An answer about another subject is no promise")
    func otherSubject() async throws {
        let index = Locked<JSONValue?>(nil)
        let http = Self.registry(index, ["OCI-Subject": Digest.of("other").description])
        #expect(try await push(http) == .tag(Self.tag))
    }

    @Test("Elsewhere the fallback tag is made")
    func newTag() async throws {
        let index = Locked<JSONValue?>(nil)
        #expect(try await push(Self.registry(index)) == .tag(Self.tag))
        var expected = Self.empty
        expected["manifests"] = [Self.entry]
        #expect(index.current == expected)
    }

    @Test("What is in the tag stays, also what we do not know; an entry comes once")
    func existingTag() async throws {
        let other: JSONValue = [
            "mediaType": "x/y", "digest": .string(Digest.of("other").description), "size": 1, "data": "AA==",
            "urls": ["https://example.test"],
        ]
        var before = Self.empty
        before["manifests"] = [other]
        before["futureMember"] = true
        let index = Locked<JSONValue?>(before)
        _ = try await push(Self.registry(index))
        var expected = before
        expected["manifests"] = [other, Self.entry]
        #expect(index.current == expected)
        let again = Self.registry(index)
        _ = try await push(again)
        #expect(index.current == expected)
        #expect(!again.lines.contains("PUT \(Self.tagURL)"))
    }

    @Test("An update that somebody else undid is made again, but not for ever")
    func races() async throws {
        let losses = Locked(2)
        let index = Locked<JSONValue?>(Self.empty)
        let flaky = Self.registry(index) { value in
            let isLost = losses.withLock { losses in
                losses -= 1
                return losses >= 0
            }
            return isLost ? Self.empty : value
        }
        #expect(try await push(flaky) == .tag(Self.tag))
        #expect(index.current?["manifests"] == [Self.entry])
        let hopeless = Self.registry(Locked(Self.empty)) { _ in Self.empty }
        let error = await #expect(throws: RegistryError.self) { try await push(hopeless) }
        #expect(error?.message.contains("others changed the tag 5 times meanwhile") == true)
    }

    @Test("A tag that is something else is left alone")
    func foreignTag() async throws {
        let index = Locked<JSONValue?>(["schemaVersion": 2, "manifests": []])
        let image = Self.registry(index, type: "application/vnd.oci.image.manifest.v1+json")
        let error = await #expect(throws: RegistryError.self) { try await push(image) }
        #expect(error?.message.contains("the tag is no image index") == true)
        #expect(!image.lines.contains("PUT \(Self.tagURL)"))
    }

    @Test("An index that would grow beyond what anybody reads is not written")
    func fullIndex() async throws {
        var full = Self.empty
        full["annotations"] = ["padding": .string(String(repeating: "x", count: Manifest.maximumSize - 200))]
        let error = await #expect(throws: RegistryError.self) { try await push(Self.registry(Locked(full))) }
        #expect(error?.code == .tooLarge)
    }

    @Test("A manifest without a subject is no referrer")
    func noSubject() async throws {
        let plain = ImageManifest(config: Sample.configDescriptor, layers: [])
        let http = ScriptedClient { _, _ in .answer(201) }
        await #expect(throws: RegistryError.self) {
            try await RegistryClient.scripted(http).repository(try repository(), access: RegistryAccess())
                .push(referrer: plain)
        }
        #expect(http.lines.isEmpty)
    }
}
