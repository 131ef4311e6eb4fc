import ArtifactStore
import ControllerRuntime
import Core
import Cryptography
import HTTPServing
import KubernetesAPI
import SourceReconcilers
import TestPKI
import TestSupport
import Testing

/// `--serve-unverified-artifacts`: what becomes of a stored artifact when its signature no longer counts.
@Suite struct WithholdingTests {
    private static var strict: Workbench.Options {
        var options = Workbench.Options()
        options.servesUnverifiedArtifacts = false
        return options
    }

    private static let notice = "; what is stored is withheld (--serve-unverified-artifacts=false)"

    /// A bench whose object is verified and stored; gives the artifact too.
    private static func withVerified(
        _ options: Workbench.Options = strict,
        _ body: @escaping @Sendable (Workbench, KeyedSigner, Artifact) async throws -> Void
    ) async throws {
        try await Workbench.run(options) { bench in
            let signer = try KeyedSigner()
            try await bench.createSigned(signer)
            try await bench.reconcile()
            let artifact = try #require(try await bench.object().status.artifact)
            #expect(try await bench.download(artifact.path).status == 200)
            bench.events.forget()
            bench.registry.forgetExchanges()
            try await body(bench, signer, artifact)
        }
    }

    private static func expectWithheld(_ bench: Workbench, _ artifact: Artifact) async throws {
        let status = try await bench.object().status
        #expect(status.artifact == nil && status.url == nil)
        #expect(status.condition(ConditionType.artifactInStorage) == nil)
        let verified = try #require(status.condition(ConditionType.sourceVerified))
        #expect(verified.status == .no && verified.message.hasSuffix(notice), "\(verified)")
        let quote = Quote(#"...; what is stored is withheld (--serve-unverified-artifacts=false)"#)
        #expect(quote.matches(verified.message))
        #expect(status.condition(ConditionType.ready)?.message == verified.message)
        for path in [artifact.path, "ocirepository/apps/app/latest.tar.gz"] {
            let answer = try await bench.download(path)
            #expect(answer.status == 404 && answer.text.contains("withheld"), "\(answer)")
        }
        #expect(bench.files.contains(artifact.path), "the file stays")
    }

    @Test func byDefaultItStaysServed() async throws {
        try await Self.withVerified(.init()) { bench, _, artifact in
            try await bench.rotate(to: try KeyedSigner())
            try await bench.reconcile()
            let status = try await bench.object().status
            #expect(status.condition(ConditionType.sourceVerified)?.status == .no)
            #expect(status.condition(ConditionType.ready)?.status == .no)
            #expect(status.artifact == artifact)
            #expect(try await bench.download(artifact.path).status == 200)
        }
    }

    @Test func itIsWithheldUntilItVerifiesAgain() async throws {
        try await Self.withVerified { bench, signer, artifact in
            try await bench.rotate(to: try KeyedSigner())
            try await bench.reconcile()
            try await Self.expectWithheld(bench, artifact)
            #expect(bench.signatureRequests == 2, "asked once for bundles, once for the tag")
            let event = try #require(bench.events.all.last)
            #expect(event.reason == ConditionReason.verificationError && event.message.hasSuffix(Self.notice))

            // The same failure again has nothing new to say.
            let version = try await bench.object().metadata.resourceVersion
            try await bench.reconcile()
            #expect(try await bench.object().metadata.resourceVersion == version)

            try await bench.rotate(to: signer)
            bench.registry.forgetExchanges()
            bench.events.forget()
            bench.time.advance(by: .seconds(5))
            try await bench.reconcile()
            let status = try await bench.object().status
            #expect(status.artifact?.path == artifact.path && status.artifact?.digest == artifact.digest)
            #expect(status.artifact?.metadata == artifact.metadata)
            #expect(status.condition(ConditionType.ready)?.status == .yes)
            #expect(try await bench.download(artifact.path).status == 200)
            #expect(try await bench.kstatus() == .current)
            // The signature was read, the layer was not.
            let layer = Digest.of(TarArchive.layer(["a": "signed"]))
            #expect(!bench.registry.exchanges.contains { $0.path.hasSuffix(layer.description) })
            #expect(bench.events.all.map(\.reason) == ["NewArtifact"])
        }
    }

    /// The gauge says what is withheld, and goes with the object.
    @Test func whatIsWithheldIsCounted() async throws {
        try await Self.withVerified { bench, signer, artifact in
            func shown() -> String? {
                String(decoding: bench.metrics.exposition(), as: UTF8.self).split(separator: "\n").first {
                    $0.hasPrefix("gotk_oci_artifact_withheld{")
                }.map(String.init)
            }
            let series = #"gotk_oci_artifact_withheld{kind="OCIRepository",name="app",namespace="apps"}"#
            #expect(shown() == "\(series) 0")
            try await bench.rotate(to: try KeyedSigner())
            try await bench.reconcile()
            try await Self.expectWithheld(bench, artifact)
            #expect(shown() == "\(series) 1")
            // Suspended, it stays withheld, and is shown so after a restart.
            try await bench.change(spec: ["suspend": true])
            try await bench.restart()
            try await bench.reconcile()
            #expect(shown() == "\(series) 1")
            try await bench.change(spec: ["suspend": false])
            try await bench.rotate(to: signer)
            try await bench.reconcile()
            #expect(shown() == "\(series) 0")
            try await bench.delete()
            try await bench.reconcile()
            #expect(shown() == nil)
        }
    }

    @Test func aRestartServesItNoSooner() async throws {
        try await Self.withVerified { bench, signer, artifact in
            let other = try KeyedSigner()
            try await bench.rotate(to: other)
            try await bench.reconcile()
            try await bench.restart()
            #expect(try await bench.download(artifact.path).status == 404, "served before anything was verified")
            try await bench.reconcile()
            try await Self.expectWithheld(bench, artifact)
            // Nor does the other value of the flag give it out by itself.
            try await bench.restart { $0.servesUnverifiedArtifacts = true }
            #expect(try await bench.download(artifact.path).status == 404)
            try await bench.restart()
            try await bench.rotate(to: signer)
            try await bench.reconcile()
            #expect(try await bench.download(artifact.path).status == 200)
        }
    }

    /// The index was lost, and with it the mark.
    @Test func aLostIndexServesItNoSooner() async throws {
        try await Self.withVerified { bench, signer, artifact in
            try await bench.rotate(to: try KeyedSigner())
            try await bench.reconcile()
            try bench.folder.write("{", to: ".index/apps/app")
            try await bench.restart()
            #expect(try await bench.download(artifact.path).status == 404)
            try await bench.rotate(to: signer)
            try await bench.reconcile()
            #expect(try await bench.download(artifact.path).status == 200)
            #expect(try await bench.kstatus() == .current)
        }
    }

    @Test func aPolicyThatCannotBeMetWithholds() async throws {
        try await Self.withVerified { bench, _, artifact in
            try await bench.api.ask("DELETE", "/api/v1/namespaces/apps/secrets/keys")
            try await bench.reconcile()
            try await Self.expectWithheld(bench, artifact)
        }
    }

    /// Nobody knows what the policy is now: that is no reason to take anything away.
    @Test func anAPIThatDoesNotAnswerChangesNothing() async throws {
        try await Self.withVerified { bench, _, artifact in
            bench.api.misbehave { exchange in
                exchange.path.hasSuffix("/secrets/keys") ? HTTPServerResponse(status: 500) : nil
            }
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified)?.status == .no)
            #expect(try await bench.object().status.artifact == artifact)
            #expect(try await bench.download(artifact.path).status == 200)
        }
    }

    /// The registry cannot be asked about another policy's signatures without the credentials.
    @Test func credentialsThatTheAPIDoesNotTellChangeNothing() async throws {
        try await Self.withVerified { bench, _, artifact in
            try await bench.rotate(to: try KeyedSigner())
            try await bench.change(spec: ["secretRef": ["name": "login"]])
            bench.api.misbehave { exchange in
                exchange.path.hasSuffix("/secrets/login") ? HTTPServerResponse(status: 500) : nil
            }
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.ready)?.status == .no)
            #expect(try await bench.object().status.artifact == artifact)
            #expect(try await bench.download(artifact.path).status == 200)
        }
    }

    /// Whoever can move the tag must not be able to take the verified artifact away.
    @Test func aTagThatMovedLeavesTheVerifiedArtifactServed() async throws {
        try await Self.withVerified { bench, _, artifact in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "unsigned"]))
            for _ in 0..<2 {
                try await bench.reconcile()
                #expect(try await bench.condition(ConditionType.sourceVerified)?.status == .no)
                #expect(try await bench.object().status.artifact == artifact)
                #expect(try await bench.download(artifact.path).status == 200)
            }
            // That verdict is kept: only the new revision's signatures are asked for each time.
            let old = artifact.revision.split(separator: "@").last.map(String.init) ?? ""
            #expect(!bench.registry.exchanges.contains { $0.path.contains("/referrers/\(old)") })
        }
    }

    /// The tag moved and the policy changed at once: the stored artifact is judged by itself.
    @Test(arguments: [true, false])
    func bothAtOnce(isAccepted: Bool) async throws {
        try await Self.withVerified { bench, signer, artifact in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "unsigned"]))
            try await bench.api.ask("DELETE", "/api/v1/namespaces/apps/secrets/keys")
            var keys = ["b.pub": try KeyedSigner().publicKey]
            if isAccepted { keys["a.pub"] = signer.publicKey }
            try await bench.createSecret("keys", keys, isSecret: false)
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.sourceVerified)?.status == .no)
            if isAccepted {
                #expect(try await bench.object().status.artifact == artifact)
                #expect(try await bench.download(artifact.path).status == 200)
            } else {
                try await Self.expectWithheld(bench, artifact)
                #expect(try await bench.condition(ConditionType.artifactOutdated) == nil, "nothing is there")
            }
        }
    }

    /// A registry that hides the signatures, or everything, after the key was taken away does not keep the artifact served.
    @Test(arguments: ["/referrers/", "/v2/"])
    func aRegistryThatHidesDoesNotHelp(what: String) async throws {
        try await Self.withVerified { bench, _, artifact in
            try await bench.rotate(to: try KeyedSigner())
            bench.registry.misbehave { $0.path.contains(what) ? .html(500) : nil }
            try await bench.reconcile()
            #expect(try await bench.object().status.artifact == nil)
            #expect(try await bench.download(artifact.path).status == 404)
        }
    }

    /// While the verdict stands, a registry that is out of order takes nothing away.
    @Test func aRegistryThatIsOutOfOrderTakesNothingAway() async throws {
        try await Self.withVerified { bench, _, artifact in
            bench.registry.misbehave { _ in .html(500) }
            try await bench.restart()
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.fetchFailed)?.status == .yes)
            #expect(try await bench.object().status.artifact == artifact)
            #expect(try await bench.download(artifact.path).status == 200)
        }
    }

    /// Without `verify` there is nothing to vouch for.
    @Test func takingVerifyAwayServesIt() async throws {
        try await Self.withVerified { bench, _, artifact in
            try await bench.rotate(to: try KeyedSigner())
            try await bench.reconcile()
            try await Self.expectWithheld(bench, artifact)
            try await bench.change(spec: ["verify": .null])
            try await bench.reconcile()
            #expect(try await bench.download(artifact.path).status == 200)
            #expect(try await bench.kstatus() == .current)
        }
    }

    /// The process ended, or the API was away, between the withholding and the status that tells of it.
    @Test(arguments: [WorkPriority.poll, .resync])
    func aStatusThatDoesNotKnowIsCorrected(priority: WorkPriority) async throws {
        try await Self.withVerified { bench, _, artifact in
            try await bench.store.withhold(ObjectKey(namespace: "apps", name: "app"))
            try await bench.restart()
            #expect(try await bench.download(artifact.path).status == 404)
            bench.time.advance(by: .seconds(1))
            try await bench.reconcile(priority: priority)
            #expect(try await bench.download(artifact.path).status == 200, "it verifies, so it is served again")
            #expect(try await bench.object().status.artifact?.digest == artifact.digest)
            #expect(bench.signatureRequests == 0, "the verdict stands")
        }
    }

    /// A new revision that verifies does not give out the older one that does not.
    @Test func anOlderArtifactStaysWithheld() async throws {
        try await Self.withVerified { bench, _, artifact in
            let other = try KeyedSigner()
            try await bench.rotate(to: other)
            try await bench.reconcile()
            let digest = bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "new"]))
            bench.registry.refer(to: digest, bundle: try other.bundle(of: digest))
            try await bench.reconcile()
            let new = try #require(try await bench.object().status.artifact)
            #expect(try await bench.download(new.path).status == 200)
            #expect(try await bench.download(artifact.path).status == 404)
        }
    }

    /// The tag moved to what verifies too, but its content cannot be had: what is stored stays served, after a restart too.
    @Test func aVerifiedRevisionThatCannotBeHadLeavesTheOldOneServed() async throws {
        try await Self.withVerified { bench, signer, artifact in
            let layer = TarArchive.layer(["a": "new"])
            let digest = bench.registry.push("1.0.0", layer: layer)
            bench.registry.refer(to: digest, bundle: try signer.bundle(of: digest))
            let old = artifact.revision.split(separator: "@").last.map(String.init) ?? ""
            bench.registry.misbehave { exchange in
                exchange.path.hasSuffix("\(Digest.of(layer))") || exchange.path.contains(old) ? .html(500) : nil
            }
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.fetchFailed)?.status == .yes)
            #expect(try await bench.object().status.artifact == artifact)
            #expect(try await bench.download(artifact.path).status == 200)

            bench.registry.misbehave { _ in .html(500) }
            try await bench.restart()
            try await bench.reconcile()
            #expect(try await bench.object().status.artifact == artifact)
            #expect(try await bench.download(artifact.path).status == 200)

            // Neither verdict is asked for again.
            bench.registry.misbehave(nil)
            bench.registry.forgetExchanges()
            try await bench.reconcile()
            #expect(bench.signatureRequests == 0)
            #expect(try await bench.kstatus() == .current)
        }
    }

    /// The policy changed, and what the tag names now took all the time there was: what is stored is judged in its own.
    @Test(arguments: ["/manifests/1.0.0", "/blobs/"], [true, false])
    func whatIsStoredIsJudgedInItsOwnTime(stuck: String, isAccepted: Bool) async throws {
        let clock = ManualTime()
        var options = Self.strict
        options.registryTime = clock
        try await Self.withVerified(options) { bench, signer, artifact in
            let layer = TarArchive.layer(["a": "new"])
            let other = try KeyedSigner()
            let digest = bench.registry.push("1.0.0", layer: layer)
            bench.registry.refer(to: digest, bundle: try other.bundle(of: digest))
            try await bench.api.ask("DELETE", "/api/v1/namespaces/apps/secrets/keys")
            var keys = ["b.pub": other.publicKey]
            if isAccepted { keys["a.pub"] = signer.publicKey }
            try await bench.createSecret("keys", keys, isSecret: false)
            bench.registry.misbehave { exchange in
                guard exchange.path.contains("/manifests/1.0.0") || exchange.path.hasSuffix("\(Digest.of(layer))"),
                    exchange.path.contains(stuck)
                else { return nil }
                clock.advance(by: .seconds(61))
                return .html(500)
            }
            try await bench.reconcile()
            #expect(try await bench.condition(ConditionType.fetchFailed)?.status == .yes)
            if isAccepted {
                #expect(try await bench.object().status.artifact == artifact)
                #expect(try await bench.download(artifact.path).status == 200)
            } else {
                #expect(try await bench.object().status.artifact == nil)
                #expect(try await bench.download(artifact.path).status == 404)
            }
        }
    }

    /// Whoever is interrupted while it asks for signatures has not learnt that there are none.
    @Test func anInterruptionTakesNothingAway() async throws {
        try await Self.withVerified { bench, signer, artifact in
            bench.registry.push("1.0.0", layer: TarArchive.layer(["a": "unsigned"]))
            try await bench.api.ask("DELETE", "/api/v1/namespaces/apps/secrets/keys")
            try await bench.createSecret(
                "keys", ["a.pub": signer.publicKey, "b.pub": try KeyedSigner().publicKey], isSecret: false)
            let old = artifact.revision.split(separator: "@").last.map(String.init) ?? ""
            let gate = Gate()
            bench.registry.misbehave { exchange in
                if exchange.path.contains("/referrers/\(old)") { try? await gate.pass() }
                return nil
            }
            let reconciler = bench.reconciler
            let running = Task { await reconciler.reconcile(ReconcileRequest(key: Workbench.key("app"))) }
            try await eventually { gate.arrivals > 0 }
            running.cancel()
            _ = await running.value
            gate.open()
            #expect(try await bench.download(artifact.path).status == 200)
        }
    }
}
