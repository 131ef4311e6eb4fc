import ControllerRuntime
import Core
import HTTPServing
import KubernetesAPI
import SourceReconcilers
import TestSupport
import Testing

/// Specs and the objects that they name, wrong in every way that the API server lets through.
@Suite struct SpecFaultTests {
    @Test func pagesQuoteWhatIsProvoked() {
        let all = [
            Self.references, Self.secrets, Self.certificates, Self.proxies, Self.unsupported, Self.signatures,
            Self.policies, RegistryFaultTests.reachability, RegistryFaultTests.answers, RegistryFaultTests.lies,
            ContentFaultTests.layers, ContentFaultTests.limits, ContentFaultTests.disk, SlowRegistryTests.servers,
            SlowRegistryTests.bodies, SlowRegistryTests.tokens, SlowRegistryTests.silence,
            SignatureFailureTests.keyless, SignatureFailureTests.keyed,
        ].joined().map(\.name)
        for name in [QuotedFaults.quotes, QuotedFaults.signatures].flatMap(\.keys) {
            #expect(all.contains(name), "no case is called '\(name)'")
        }
    }

    @Test(
        .timeLimit(.minutes(10)),
        arguments: references + secrets + certificates + proxies + unsupported + signatures
            + policies)
    func isReported(_ fault: FaultCase) async throws { try await fault.prove() }

    private static let authentication = ConditionReason.authenticationFailed

    static let references: [FaultCase] = [
        FaultCase("a URL with a tag", ConditionReason.urlInvalid, isStall: true) { bench in
            ["url": .string("\(bench.url):1.0.0")]
        }.expecting(["URL validation failed for 'oci://", "URL must not contain a tag; remove ':1.0.0'"]),
        FaultCase("a URL with a digest", ConditionReason.urlInvalid, "URL must not contain a digest", isStall: true) {
            ["url": .string("\($0.url)@sha256:\(String(repeating: "a", count: 64))")]
        },
        FaultCase(
            "a URL without a path", ConditionReason.urlInvalid, "URL validation failed for 'oci://':", isStall: true
        ) {
            _ in ["url": "oci://"]
        },
        FaultCase("a URL with a space", ConditionReason.urlInvalid, "is not a host name", isStall: true) { _ in
            ["url": "oci://Bad Host/x"]
        },
        FaultCase("a URL in capitals", ConditionReason.urlInvalid, "lower case", isStall: true) { bench in
            ["url": .string("oci://\(bench.host)/Team/App")]
        },
        FaultCase("no tag", ConditionReason.readOperationFailed, "spec.ref.tag", "a b") { _ in ["ref": ["tag": "a b"]]
        },
        FaultCase("no digest", ConditionReason.pullFailed, "spec.ref.digest") { _ in
            ["ref": ["digest": "sha256:abc"]]
        },
        FaultCase(
            "a timeout of nothing", ConditionReason.pullFailed, "spec.timeout is 0s, less than the 1ms", isStall: true
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            return ["timeout": "0.0000001ms"]
        },
        FaultCase("no range", ConditionReason.readOperationFailed, "semver 'one to three' parse error: ") { _ in
            ["ref": ["semver": "one to three"]]
        }.expecting(["failed to determine the artifact tag for 'oci://127.0.0.1:"]),
        FaultCase("no match", ConditionReason.readOperationFailed, "no match found for semver: >=9.0.0") { bench in
            bench.registry.push("1.0.0", "latest", "other", layer: TarArchive.layer(["a": "b"]))
            return ["ref": ["semver": ">=9.0.0"]]
        },
        FaultCase("no match after the filter", ConditionReason.readOperationFailed, "semverFilter '^9'") { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            return ["ref": ["semver": "*", "semverFilter": "^9"]]
        },
        FaultCase("no expression", ConditionReason.readOperationFailed, "semverFilter 'a(b' parse error: ") { _ in
            ["ref": ["semver": "*", "semverFilter": "a(b"]]
        },
        FaultCase("a pin that does not hold", ConditionReason.pullFailed, "pins it to sha256:aaaa") { bench in
            let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            _ = digest
            return ["ref": ["tag": .string("1.0.0@sha256:\(String(repeating: "a", count: 64))")]]
        },
        FaultCase(
            "a layer that is not there", ConditionReason.layerOperationFailed,
            "failed to find layer with media type 'application/x' in artifact", "application/vnd.cncf.flux.content"
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            return ["layerSelector": ["mediaType": "application/x"]]
        },
    ]

    static let secrets: [FaultCase] = [
        FaultCase(
            "no such Secret", authentication, "failed to get credential: ", "'apps/missing'", "spec.secretRef",
            "does not exist"
        ) { _ in ["secretRef": ["name": "missing"]] },
        FaultCase(
            "a Secret of another shape", authentication, "failed to get credential: ", "'apps/odd'", "'Opaque'",
            ".dockerconfigjson"
        ) { bench in
            try await bench.createSecret("odd", ["username": "top-secret-name", "password": "top-secret-word"])
            return ["secretRef": ["name": "odd"]]
        },
        FaultCase(
            "a Secret that is no JSON", authentication, "failed to get credential: ", "'apps/odd'", ".dockerconfigjson"
        ) { bench in
            try await bench.createSecret("odd", [".dockerconfigjson": "top-secret-nonsense"])
            return ["secretRef": ["name": "odd"]]
        },
        FaultCase(
            "a Secret without auths", authentication, "failed to get credential: ", "'auths'"
        ) { bench in
            try await bench.createSecret("odd", [".dockerconfigjson": #"{"top-secret-key":{}}"#])
            return ["secretRef": ["name": "odd"]]
        },
        FaultCase(
            "a Secret whose auth is no base64", authentication, "failed to get credential: ", "entry 'ghcr.io'"
        ) { bench in
            try await bench.createSecret("odd", [".dockerconfigjson": #"{"auths":{"ghcr.io":{"auth":"top secret!"}}}"#])
            bench.hide("top secret!")
            return ["secretRef": ["name": "odd"]]
        },
        FaultCase(
            "a wrong password", ConditionReason.pullFailed, "HTTP 401", "Secret 'apps/pull' of spec.secretRef",
            "entry '127.0.0.1:"
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            bench.registry.require(username: "robot", password: "right")
            try await bench.createPullSecret("pull", [bench.host: ("robot", "top-secret-but-wrong")])
            return ["secretRef": ["name": "pull"]]
        },
        FaultCase(
            "a Secret for other hosts", ConditionReason.pullFailed, "HTTP 401", "no entry of Secret 'pull'", "'ghcr.io'"
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            bench.registry.require(username: "robot", password: "right")
            try await bench.createPullSecret("pull", ["ghcr.io": ("robot", "top-secret-elsewhere")])
            return ["secretRef": ["name": "pull"]]
        },
        FaultCase(
            "a Secret for many other hosts", ConditionReason.pullFailed, "there are 'a0.test'", "'a4.test' and 2 more"
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            bench.registry.require(username: "robot", password: "right")
            let hosts = (0..<7).map { ("a\($0).test", ("robot", "top-secret-elsewhere")) }
            try await bench.createPullSecret("pull", Dictionary(uniqueKeysWithValues: hosts))
            return ["secretRef": ["name": "pull"]]
        },
        FaultCase(
            "a password with a line end", ConditionReason.pullFailed, "HTTP 401",
            "(the password ends in a line break: 'printf' and 'echo -n' write none); check them"
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            bench.registry.require(username: "robot", password: "top-secret-but-right")
            try await bench.createPullSecret("pull", [bench.host: ("robot", "top-secret-but-right\n")])
            bench.hide("top-secret-but-right")
            return ["secretRef": ["name": "pull"]]
        },
        FaultCase(
            "no such service account", authentication, "failed to get credential: ", "'apps/nobody'",
            "spec.serviceAccountName"
        ) { _ in ["serviceAccountName": "nobody"] },
        FaultCase(
            "a service account with a missing Secret", authentication, "failed to get credential: ", "'apps/missing'",
            "service account 'puller'", "does not exist"
        ) { bench in
            try await bench.createPullSecret("there", ["ghcr.io": ("robot", "top-secret-there")])
            try await bench.createServiceAccount("puller", pullSecrets: ["there", "missing"])
            return ["serviceAccountName": "puller"]
        },
        FaultCase(
            "too many pull secrets", authentication, "failed to get credential: service account 'apps/puller'",
            "65 imagePullSecrets", "64 are accepted"
        ) { bench in
            try await bench.createServiceAccount("puller", pullSecrets: (0..<65).map { "pull-\($0)" })
            return ["serviceAccountName": "puller"]
        },
    ]

    /// A case with a `certSecretRef` to a Secret that holds what `data` says.
    private static func certificates(
        _ name: String, _ fragments: String...,
        data: @escaping @Sendable (TestCertificates) -> [String: [UInt8]]
    ) -> FaultCase {
        FaultCase(name, authentication, "failed to generate transport for 'oci://", "'apps/tls'", "spec.certSecretRef")
        {
            bench in
            let values = data(try await SharedCertificates.task.value).mapValues { String(decoding: $0, as: UTF8.self) }
            try await bench.createSecret("tls", values)
            for value in values.values {
                for line in value.split(separator: "\n").dropFirst() { bench.hide(String(line)) }
            }
            return ["certSecretRef": ["name": "tls"]]
        }.expecting(fragments)
    }

    static let certificates: [FaultCase] = [
        FaultCase(
            "no such Secret for TLS", authentication, "failed to generate transport for 'oci://", "'apps/missing'",
            "does not exist"
        ) { _ in ["certSecretRef": ["name": "missing"]] },
        certificates("none of the keys", "tls.crt", "tls.key", "ca.crt") { _ in ["other": Array("top-secret".utf8)] },
        certificates("a certificate without its key", "has 'tls.crt' but not 'tls.key'") {
            ["tls.crt": $0.client.certificate]
        },
        certificates("a key without its certificate", "has 'tls.key' but not 'tls.crt'") {
            ["tls.key": $0.client.key]
        },
        certificates("a key of another certificate", "tls.key") {
            ["tls.crt": $0.client.certificate, "tls.key": $0.server.key]
        },
        certificates("a certificate that is no PEM", "tls.crt") {
            ["tls.crt": Array("top-secret-garbage".utf8), "tls.key": $0.client.key]
        },
        certificates("a key that is no PEM", "tls.key") {
            ["tls.crt": $0.client.certificate, "tls.key": Array("top-secret-garbage".utf8)]
        },
        certificates("a CA that is no PEM", "ca.crt") { _ in ["ca.crt": Array("top-secret-garbage".utf8)] },
    ]

    /// A case with a `proxySecretRef` to a Secret that holds what `data` says.
    private static func proxy(_ name: String, _ fragments: String..., data: [String: String]) -> FaultCase {
        FaultCase(name, authentication, "failed to get proxy address: ", "'apps/proxy'", "spec.proxySecretRef") {
            bench in
            try await bench.createSecret("proxy", data)
            return ["proxySecretRef": ["name": "proxy"]]
        }.expecting(fragments)
    }

    static let proxies: [FaultCase] = [
        FaultCase(
            "no such Secret for the proxy", authentication, "failed to get proxy address: ", "'apps/missing'",
            "does not exist"
        ) { _ in ["proxySecretRef": ["name": "missing"]] },
        proxy("no address", "has no key 'address'", data: ["username": "top-secret-user"]),
        proxy("another scheme", "http, https and socks5", data: ["address": "ftp://top:secret-word@proxy.test:21"]),
        proxy("an address that is no URL", "'address'", data: ["address": "top-secret-nonsense"]),
        proxy(
            "an address that is too long", "2048",
            data: ["address": "http://top-secret.test/\(String(repeating: "p", count: 2048))"]),
        FaultCase(
            "a proxy that is not there", ConditionReason.pullFailed, "failed to determine artifact digest: ", "proxy"
        ) { bench in
            let port = try RefusingPort()
            bench.keep(port)
            try await bench.createSecret("proxy", ["password": "top-secret-word"])
            try await bench.api.ask(
                "PATCH", "/api/v1/namespaces/apps/secrets/proxy",
                ["stringData": ["address": .string("http://127.0.0.1:\(port.number)"), "username": "robot"]],
                type: "application/merge-patch+json")
            return ["proxySecretRef": ["name": "proxy"]]
        },
    ]

    /// What `echo` and editors leave behind a value is no part of it.
    @Test func theValuesOfAProxyMayEndInALineBreak() async throws {
        try await Workbench.run { bench in
            let asked = Locked<[String]>([])
            let proxy = try RawServer { connection in
                let head = try connection.readHead()
                asked.withLock { $0.append(head) }
                try connection.respond("403 Forbidden")
            }
            bench.keep(proxy)
            try await bench.createSecret(
                "proxy",
                [
                    "address": "http://127.0.0.1:\(proxy.port)\r\n", "username": "robot\n",
                    "password": "top-secret-word\n",
                ], isSecret: false)
            try await bench.create("app", ["proxySecretRef": ["name": "proxy"]])
            try await bench.reconcile()
            let condition = try await bench.condition(ConditionType.fetchFailed)
            // printf robot:top-secret-word | base64
            #expect(
                asked.current.contains { $0.contains("Proxy-Authorization: Basic cm9ib3Q6dG9wLXNlY3JldC13b3Jk\r\n") },
                "\(String(describing: condition))")
        }
    }

    static let unsupported: [FaultCase] = [
        FaultCase("a cloud login", authentication, "failed to get credential from aws: ", isStall: true) { _ in
            ["provider": "aws"]
        },
        FaultCase(
            "an identity of the object's own", ConditionReason.featureGateDisabled, "ObjectLevelWorkloadIdentity",
            isStall: true
        ) {
            bench in
            try await bench.createServiceAccount("own", pullSecrets: [])
            return ["provider": "aws", "serviceAccountName": "own"]
        },
    ]

    /// A case with a `verify` that nothing in the registry satisfies.
    private static func unverified(
        _ name: String, _ fragments: String..., provider: String = "cosign", isStall: Bool = false,
        verify: @escaping @Sendable (Workbench) async throws -> JSONValue
    ) -> FaultCase {
        FaultCase(
            name, ConditionReason.verificationError, "failed to verify the signature using provider '\(provider)'",
            condition: ConditionType.sourceVerified, isStall: isStall
        ) { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            return ["verify": try await verify(bench)]
        }.expecting(fragments)
    }

    static let signatures: [FaultCase] = [
        unverified("no signature", "127.0.0.1:") { bench in
            try await bench.createSecret("keys", ["cosign.pub": try await publicKey()], isSecret: false)
            return ["secretRef": ["name": "keys"]]
        },
        unverified("no Secret with keys", "'apps/missing'", "does not exist") { _ in
            ["secretRef": ["name": "missing"]]
        },
        unverified("a Secret without keys", "'apps/keys'", "'.pub'") { bench in
            try await bench.createSecret("keys", ["cosign.key": "top-secret-key"])
            return ["secretRef": ["name": "keys"]]
        },
        unverified("a key that is none", "'apps/keys'", "'cosign.pub'") { bench in
            try await bench.createSecret("keys", ["cosign.pub": "top-secret-nonsense"])
            return ["secretRef": ["name": "keys"]]
        },
        unverified("too many keys", "'apps/keys'", "33 keys", "32 are accepted") { bench in
            let key = try await publicKey()
            try await bench.createSecret(
                "keys", Dictionary(uniqueKeysWithValues: (0..<33).map { ("\($0).pub", key) }), isSecret: false)
            return ["secretRef": ["name": "keys"]]
        },
        unverified(
            "too many identities", "spec.verify.matchOIDCIdentity", "65 entries", provider: "cosign keyless"
        ) { _ in
            ["matchOIDCIdentity": .array(Array(repeating: ["issuer": ".{900}", "subject": ".{900}"], count: 65))]
        },
        unverified("a costly identity", "is too complex to compile", provider: "cosign keyless") { _ in
            ["matchOIDCIdentity": [["issuer": "^https://issuer$", "subject": "(.{1000}){1}.{1000}\\pL{1000}"]]]
        },
        unverified("an empty subject", "'subject' is empty", provider: "cosign keyless") { _ in
            ["matchOIDCIdentity": [["issuer": "^https://issuer$", "subject": ""]]]
        },
        unverified("keyless for everybody", "matchOIDCIdentity", provider: "cosign keyless") { _ in
            ["provider": "cosign"]
        },
        unverified("keyless without a trust root", provider: "cosign keyless") { _ in
            ["matchOIDCIdentity": [["issuer": "^https://issuer$", "subject": "^me$"]]]
        },
        unverified("no trust root in the Secret", "'trusted_root.json'", provider: "cosign keyless") { bench in
            try await bench.createSecret("root", ["other": "top-secret-root"])
            return [
                "trustedRootSecretRef": ["name": "root"],
                "matchOIDCIdentity": [["issuer": "^https://issuer$", "subject": "^me$"]],
            ]
        },
    ]

    /// A case with Notation's trust policy and certificates in a Secret.
    private static func notation(
        _ name: String, _ fragment: String, policy: String?, certificates: [String: String]? = nil
    ) -> FaultCase {
        unverified(name, fragment, provider: "notation") { bench in
            var data = ["ca.acme.crt": try await authority()]
            if let certificates { data = certificates }
            data["trustpolicy.json"] = policy
            try await bench.createSecret("trust", data, isSecret: false)
            return ["provider": "notation", "secretRef": ["name": "trust"]]
        }
    }

    private static func policy(level: String = "strict", scopes: String = "*") -> String {
        """
        {"version":"1.0","trustPolicies":[{"name":"all","registryScopes":["\(scopes)"],
        "signatureVerification":{"level":"\(level)"},"trustStores":["ca:acme"],
        "trustedIdentities":["x509.subject: C=US, ST=WA, O=Sample"]}]}
        """
    }

    static let policies: [FaultCase] = [
        unverified("Notation without a Secret", "spec.verify.secretRef is missing", provider: "notation") { _ in
            ["provider": "notation"]
        },
        notation("no trust policy", "'trustpolicy.json'", policy: nil),
        notation("a trust policy that is no JSON", "no valid JSON", policy: "{\nversion: 1"),
        notation("a trust policy of no level", "'strictt'", policy: policy(level: "strictt")),
        notation(
            "a trust policy for other registries", "registryScopes", policy: policy(scopes: "ghcr.io/team/app")),
        notation("no certificate for a trust store", "there is no certificate", policy: policy(), certificates: [:]),
        notation("no Notation signature", "application/vnd.cncf.notary.signature", policy: policy()),
        unverified("an identity that is no expression", "'('", provider: "cosign keyless") { _ in
            ["matchOIDCIdentity": [["issuer": "(", "subject": "^me$"]]]
        },
        unverified("a trust root that is none", "'trusted_root.json'", provider: "cosign keyless") { bench in
            try await bench.createSecret("root", ["trusted_root.json": "{}"], isSecret: false)
            return [
                "trustedRootSecretRef": ["name": "root"],
                "matchOIDCIdentity": [["issuer": "^https://issuer$", "subject": "^me$"]],
            ]
        },
    ]

    private static func authority() async throws -> String {
        String(decoding: try await SharedCertificates.task.value.authority.certificate, as: UTF8.self)
    }

    private static func publicKey() async throws -> String {
        let key = try await SharedCertificates.task.value.client.keyPath
        return try await CommandLineTool.run("openssl", ["pkey", "-in", key, "-pubout"]).output
    }

    /// What is stored stays when it does not satisfy a new policy, but it is not ready any more.
    @Test(arguments: ["cosign", "notation"])
    func aPolicyThatIsNotSatisfiedMakesAnObjectUnready(provider: String) async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            try await bench.createSecret("keys", ["cosign.pub": try await Self.publicKey()], isSecret: false)
            try await bench.create()
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)

            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "unsigned"]))
            bench.registry.forgetExchanges()
            try await bench.change(spec: ["verify": ["provider": .string(provider), "secretRef": ["name": "keys"]]])
            try await bench.reconcile()
            let status = try await bench.object().status
            #expect(status.condition(ConditionType.sourceVerified)?.status == .no)
            #expect(status.condition(ConditionType.ready)?.reason == ConditionReason.verificationError)
            #expect(status.artifact == artifact, "nothing unsigned takes its place")
            #expect(bench.registry.downloads == 0)

            try await bench.change(spec: ["verify": .null])
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified) == nil)
            #expect(try await bench.kstatus() == .current)
        }
    }

    /// Whoever writes the password into the URL sees it there, but nowhere else.
    @Test(arguments: ["", "/team/app", "/team/app:1.0.0", "/\(String(repeating: "long/", count: 300))"])
    func credentialsInTheURLAreNotRepeated(path: String) async throws {
        try await Workbench.run { bench in
            try await bench.create("app", ["url": .string("oci://robot:top-secret@\(bench.host)\(path)")])
            guard case .terminal = try await bench.reconcile() else {
                Issue.record("it does not stall")
                return
            }
            let status = try await bench.object().status
            let message = try #require(status.condition(ConditionType.stalled)?.message)
            #expect(
                message.hasPrefix("URL validation failed for 'oci://***@\(bench.host)")
                    && message.contains("spec.secretRef"))
            let quote = Quote(
                #"URL validation failed for 'oci://***@127.0.0.1:5051/team/app': URL must not contain credentials; remove them and name a Secret in spec.secretRef"#
            )
            #expect(quote.matches(message) == (path == "/team/app"))
            let texts = bench.log.lines + bench.events.all.map(\.message) + status.conditions.map(\.message)
            for text in texts { #expect(!text.contains("top-secret")) }
        }
    }

    /// The API server checks only the form of durations, and no object may be beyond reach.
    @Test(arguments: ["2562047h", "99999999h", "99999999999999999999999h"])
    func absurdDurationsAreLongOnes(text: String) async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            // A timeout has no hours.
            let timeout = String(text.dropLast()) + "0000m"
            try await bench.create("app", ["interval": .string(text), "timeout": .string(timeout)])
            guard case .requeue(after: let delay) = try await bench.reconcile() else {
                Issue.record("it is not polled")
                return
            }
            #expect(delay > .seconds(3600 * 2_000_000))
            #expect(try await bench.kstatus() == .current)
            try await bench.withController { _, _ in
                try await bench.delete()
                try await eventually("the end of the object") { await !bench.exists() }
            }
        }
    }

    @Test func anIntervalOfZeroPollsEverySecond() async throws {
        try await Workbench.run { bench in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "b"]))
            try await bench.create("app", ["interval": "0s"])
            guard case .requeue(after: let delay) = try await bench.reconcile() else {
                Issue.record("it is not polled")
                return
            }
            #expect((.milliseconds(950)...(.milliseconds(1050))).contains(delay))
            #expect(try await bench.kstatus() == .current)
        }
    }
}
