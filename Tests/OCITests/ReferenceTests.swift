import Core
import OCI
import Testing

@Suite("References follow distribution/reference")
struct ReferenceTests {
    private static let hash = String(repeating: "a", count: 64)

    @Test(
        "Names are split into registry and path; Docker Hub's are completed",
        arguments: [
            ("ghcr.io/stefanprodan/manifests/podinfo", "ghcr.io", "stefanprodan/manifests/podinfo"),
            ("localhost/x", "localhost", "x"),
            ("localhost:5000/x", "localhost:5000", "x"),
            ("registry:5000/team/x", "registry:5000", "team/x"),
            ("REGISTRY/x", "REGISTRY", "x"),
            ("[::1]:5000/x", "[::1]:5000", "x"),
            ("[2001:db8::7]/x", "[2001:db8::7]", "x"),
            ("10.0.0.1:80/a__b/c-d/e---f/g.h", "10.0.0.1:80", "a__b/c-d/e---f/g.h"),
            ("x", "index.docker.io", "library/x"),
            ("docker.io/x", "index.docker.io", "library/x"),
            ("Docker.IO/x", "index.docker.io", "library/x"),
            ("index.docker.io/team/x", "index.docker.io", "team/x"),
            ("team/x", "index.docker.io", "team/x"),
        ])
    func names(text: String, registry: String, path: String) throws {
        let repository = try RepositoryReference(parsing: text)
        #expect(repository.registry == registry)
        #expect(repository.path == path)
        #expect(try RepositoryReference(ociURL: "oci://" + text) == repository)
        #expect(try RepositoryReference(parsing: repository.description) == repository)
    }

    @Test(
        "What breaks the grammar is refused",
        arguments: [
            "", "/", "x/", "ghcr.io/", "ghcr.io//x", "ghcr.io/x/", "ghcr.io/X", "ghcr.io/a..b", "ghcr.io/a___b",
            "ghcr.io/a._b", "ghcr.io/-a", "ghcr.io/a-", "ghcr.io/.a", "ghcr.io/a b", "ghcr.io/../x", "ghcr.io/ä",
            "ghcr.io/%2e%2e/x", "ghcr.io/x?y=z", "ghcr.io/x#y", "gh_cr.io/x", "-ghcr.io/x", "ghcr.io-/x",
            "ghcr..io/x", ".io/x", "ghcr.io:/x", "ghcr.io:0/x", "ghcr.io:65536/x", "ghcr.io:80a/x", "[::1/x",
            "[::1]x/x", "[:]/x", "[fe80::1%25eth0]/x", "user:pass@ghcr.io/x", "ghcr.io/x\n", "ghcr.io/x\u{0}",
            "ghcr.io/x\r\nhost: y",
        ])
    func refusals(text: String) {
        #expect(throws: OCIError.self) { try RepositoryReference(parsing: text) }
        #expect(throws: OCIError.self) { try RepositoryReference(ociURL: "oci://" + text) }
    }

    @Test("Lengths are bounded: path 255, tag 128")
    func lengths() throws {
        let longest = String(repeating: "a", count: 255)
        #expect(try RepositoryReference(parsing: "ghcr.io/" + longest).path == longest)
        #expect(throws: OCIError.self) { try RepositoryReference(parsing: "ghcr.io/a" + longest) }
        try ManifestReference.validate(tag: String(repeating: "t", count: 128))
        #expect(throws: OCIError.self) { try ManifestReference.validate(tag: String(repeating: "t", count: 129)) }
        #expect(throws: OCIError.self) {
            try RepositoryReference(parsing: "ghcr.io/x" + String(repeating: "/x", count: 9999))
        }
    }

    @Test(
        "An object's URL names neither tag nor digest, and the message says what to remove",
        arguments: [
            ("oci://ghcr.io/x/y:6.1.0", "URL must not contain a tag; remove ':6.1.0'"),
            ("oci://localhost:5000/y:latest", "URL must not contain a tag; remove ':latest'"),
            ("oci://ghcr.io/x/y@sha256:\(hash)", "URL must not contain a digest; remove '@sha256:\(hash)'"),
            ("oci://ghcr.io/x/y:1@sha256:\(hash)", "URL must not contain a digest; remove ':1@sha256:\(hash)'"),
            ("https://ghcr.io/x", "URL 'https://ghcr.io/x' must be in format 'oci://<host>/<path>'"),
            ("https://user:pass@ghcr.io/x", "URL must be in format 'oci://<host>/<path>'"),
            ("OCI://ghcr.io/x", "URL 'OCI://ghcr.io/x' must be in format 'oci://<host>/<path>'"),
            ("oci://ghcr.io/Team/x", "repository 'Team/x' must be in lower case"),
        ])
    func objectURLs(url: String, message: String) {
        let error = #expect(throws: OCIError.self) { try RepositoryReference(ociURL: url) }
        #expect(error?.message == message)
        #expect(error?.code == .invalidReference)
    }

    @Test(
        "A query is refused, and nothing of it or of a user before the host is shown",
        arguments: [
            (
                "oci://host/app?password=hunter2",
                "URL 'oci://host/app?***' has a query ('?'), which does not belong into it; remove it"
            ),
            (
                "https://host/app:1?password=hunter2",
                "URL 'https://host/app:1?***' has a query ('?'), which does not belong into it; remove it"
            ),
            (
                "oci://robot:hunter2@host/app?x", "URL has a query ('?'), which does not belong into it; remove it"
            ),
            (
                "oci://host/app?" + String(repeating: "hunter2", count: 1000),
                "URL 'oci://host/app?***' has a query ('?'), which does not belong into it; remove it"
            ),
        ])
    func queries(url: String, message: String) {
        for parse in [
            { _ = try RepositoryReference(ociURL: url) }, { _ = try ArtifactReference(ociURL: url) },
        ] as [() throws -> Void] {
            let error = #expect(throws: OCIError.self) { try parse() }
            #expect(error?.message == message)
        }
        let error = #expect(throws: OCIError.self) { try ArtifactReference(parsing: url) }
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test("Hostile text reaches messages bounded and printable")
    func hostileText() {
        let error = #expect(throws: OCIError.self) {
            try RepositoryReference(parsing: "ghcr.io/\u{1b}[31m" + String(repeating: "é", count: 5000))
        }
        let message = error?.message ?? ""
        #expect(message.contains("[31m") && message.unicodeScalars.count < 400)
        #expect(message.unicodeScalars.allSatisfy(RemoteText.isPrintable))
    }

    @Test("Host and port are told apart, IPv6 literals included")
    func hostAndPort() throws {
        let plain = try RepositoryReference(parsing: "ghcr.io/x")
        #expect(plain.host == "ghcr.io" && plain.port == nil)
        let local = try RepositoryReference(parsing: "localhost:5000/x")
        #expect(local.host == "localhost" && local.port == 5000)
        let literal = try RepositoryReference(parsing: "[::1]:5001/x")
        #expect(literal.host == "::1" && literal.port == 5001)
        let portless = try RepositoryReference(parsing: "[::1]/x")
        #expect(portless.host == "::1" && portless.port == nil)
    }

    @Test("An artifact is named by tag, digest or both; the digest wins")
    func artifacts() throws {
        let tagged = try ArtifactReference(ociURL: "oci://localhost:5000/x:1.0")
        #expect(tagged.manifest == .tag("1.0"))
        #expect(tagged.description == "localhost:5000/x:1.0")
        #expect(try ArtifactReference(parsing: "ghcr.io/x").manifest == .tag("latest"))
        let both = try ArtifactReference(parsing: "ghcr.io/x:1.0@sha256:\(Self.hash)")
        #expect(both.tag == "1.0")
        #expect(both.manifest == .digest(try Digest(parsing: "sha256:\(Self.hash)")))
        for bad in [
            "ghcr.io/x:", "ghcr.io/x:a/b", "ghcr.io/x:-a", "ghcr.io/x@sha256:12", "ghcr.io/x@md5:12", "ghcr.io/x:1:2",
        ] {
            #expect(throws: OCIError.self, "\(bad)") { try ArtifactReference(parsing: bad) }
        }
    }

    @Test("A tag may be pinned to a digest")
    func pins() throws {
        let pin = try PinnedTag(parsing: "v1.2.3@sha256:\(Self.hash)")
        #expect(pin.tag == "v1.2.3" && pin.digest?.hex == Self.hash)
        #expect(try PinnedTag(parsing: "latest").digest == nil)
        for bad in [
            "", "@sha256:\(Self.hash)", "a@", "a@b", "a b", "../x", "a/b", "a@sha256:\(Self.hash)@sha256:\(Self.hash)",
        ] {
            #expect(throws: OCIError.self, "\(bad)") { try PinnedTag(parsing: bad) }
        }
    }
}
