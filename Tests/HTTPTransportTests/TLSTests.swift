import Core
import HTTPTransport
import TestSupport
import Testing

@Suite struct TLSTests {
    let server: WebServer
    let client = CurlClient()

    init() async throws { server = try await WebServer() }

    func request(_ url: String, _ tls: TLSPolicy) -> HTTPRequest {
        HTTPRequest(url: url, connection: ConnectionPolicy(tls: tls))
    }

    @Test func negotiatesHTTP2AndMultiplexes() async throws {
        let request = request(server.url("/echo"), server.trusting)
        #expect(try await client.send(request).version == "2")
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { [client] in try await client.text(request) } }
            for try await text in group { #expect(text.contains("HTTP/2.0")) }
        }
        #expect(client.statistics.connectionsMade == 1)
        var plain = request
        plain.connection.version = .http1
        #expect(try await client.text(plain).contains("HTTP/1.1"))
        #expect(client.statistics.connectionsMade == 2)
    }

    @Test func trustIsNotSharedBetweenPolicies() async throws {
        let url = server.url("/echo")
        #expect(try await client.send(request(url, server.trusting)).status == 200)
        #expect(try await client.send(request(url, TLSPolicy(verification: .none))).status == 200)
        for stranger in [TLSPolicy(), TLSPolicy(additionalRoots: server.certificates.otherAuthority.certificate)] {
            let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request(url, stranger)) }
            #expect(error?.code == .tls)
            #expect(error?.isRetryable == false)
            #expect(
                error?.message
                    == "tls: certificate of 127.0.0.1:\(server.port) is not trusted: unable to get local issuer certificate (20)"
            )
            #expect(error?.remedy == .trustAuthority)
        }
    }

    @Test func trustsTheServersOwnCertificate() async throws {
        let tls = TLSPolicy(additionalRoots: server.certificates.server.certificate, replacesSystemRoots: true)
        #expect(try await client.send(request(server.url("/echo"), tls)).status == 200)
    }

    @Test func checksTheName() async throws {
        var tls = server.trusting
        #expect(
            try await client.text(request(server.url("/echo", host: "localhost"), tls)).contains(
                "localhost:\(server.port)"))
        tls.serverName = "other.test"
        let error = await #expect(throws: HTTPTransportError.self) {
            try await client.send(request(server.url("/echo"), tls))
        }
        #expect(error?.code == .tls)
        #expect(error?.message == "tls: the certificate of 127.0.0.1:\(server.port) is not for the name other.test")
    }

    @Test(arguments: [ConnectionPolicy.ProtocolVersion.negotiated, .http1]) func asksForAnotherName(
        _ version: ConnectionPolicy.ProtocolVersion
    ) async throws {
        var tls = server.trusting
        tls.serverName = "server.test"
        var request = request(server.url("/echo?x=1"), tls)
        request.connection.version = version
        let text = try await client.text(request)
        // The server is still addressed by the URL's authority.
        #expect(text.hasPrefix("127.0.0.1:\(server.port) HTTP/"))
        #expect(text.hasSuffix(" server.test"))
    }

    @Test func showsAClientCertificate() async throws {
        let certificates = server.certificates
        let url = "https://127.0.0.1:\(server.clientCertificatePort)/echo"
        var tls = server.trusting
        tls.identity = try TLSIdentity(
            certificatePEM: certificates.client.certificate, keyPEM: Redacted(certificates.client.key))
        #expect(try await client.text(request(url, tls)).contains("CN=Client,O=Tests"))
        // Neither the connection nor the certificate serves who has none.
        let anonymous = try await client.send(request(url, server.trusting))
        #expect(anonymous.status == 400)
    }

    @Test func keyAndCertificateHaveToFit() async throws {
        let certificates = server.certificates
        func message(_ certificate: [UInt8], _ key: [UInt8]) -> String? {
            do throws(TLSPolicyError) {
                _ = try TLSIdentity(certificatePEM: certificate, keyPEM: Redacted(key))
                return nil
            } catch { return error.message }
        }
        let encrypted = try await CommandLineTool.run(
            "openssl", ["pkcs8", "-topk8", "-in", certificates.client.keyPath, "-passout", "pass:x"])
        #expect(encrypted.status == 0)
        let good = certificates.client
        #expect(message(good.certificate, good.key) == nil)
        #expect(message(good.certificate + certificates.authority.certificate, good.key) == nil)
        #expect(message(good.certificate, certificates.server.key)?.contains("tls.key is not the private key") == true)
        #expect(message(Array("x".utf8), good.key)?.hasPrefix("tls.crt has no PEM block") == true)
        #expect(message([], good.key)?.hasPrefix("tls.crt") == true)
        #expect(message(good.certificate, Array("x".utf8)) == "tls.key is not a PEM private key")
        #expect(message(good.certificate, encrypted.stdout)?.contains("passphrase") == true)
        #expect(message(Array(good.certificate.dropLast(100)), good.key)?.hasPrefix("tls.crt") == true)
        #expect(message([UInt8](repeating: 0, count: 2 << 20), good.key)?.contains("larger") == true)
    }

    @Test func brokenRootsAreNamed() async throws {
        let good = server.certificates.authority.certificate
        let marker = Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
        for (pem, text) in [(Array("nothing".utf8), "no PEM block"), (good + marker, "number 2")] {
            let tls = TLSPolicy(additionalRoots: pem)
            let policyError = #expect(throws: TLSPolicyError.self) { try tls.validate() }
            #expect(policyError?.message.contains("ca.crt") == true)
            #expect(policyError?.message.contains(text) == true)
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.send(request(server.url("/echo"), tls))
            }
            #expect(error?.code == .tls)
            #expect(error?.message.contains("ca.crt") == true)
        }
        try TLSPolicy(additionalRoots: good + good).validate()
    }

    @Test func plainHTTPIsRecognised() async throws {
        let error = await #expect(throws: HTTPTransportError.self) {
            try await client.send(request("https://127.0.0.1:\(server.plainPort)/", server.trusting))
        }
        #expect(error?.code == .notTLS)
    }

    @Test(arguments: ["-tls1_1", "-tls1"]) func oldVersionsAreRefused(_ version: String) async throws {
        let port = try freePort()
        let certificates = server.certificates
        let process = try ChildProcess(
            "/usr/bin/openssl",
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-www", version, "-cipher", "ALL:@SECLEVEL=0", "-cert",
                certificates.server.certificatePath, "-key", certificates.server.keyPath,
            ])
        let request = request("https://127.0.0.1:\(port)/", TLSPolicy(verification: .none))
        let error: HTTPTransportError = try await eventually("an answer") {
            do throws(HTTPTransportError) {
                _ = try await client.send(request)
                Issue.record("TLS older than 1.2 was spoken")
                return HTTPTransportError(.internal, "", endpoint: nil)
            } catch { return error.code == .connect ? nil : error }
        }
        #expect(error.code == .tls)
        process.kill()
    }

    @Test func aPausedHTTP2StreamHoldsNobodyUp() async throws {
        let big = request(server.url("/big"), server.trusting)
        let response = try await client.send(big)
        #expect(response.version == "2")
        var iterator = response.body.makeAsyncIterator()
        var count = try await iterator.next()?.count ?? 0
        for _ in 0..<20 {
            let text = try await client.text(request(server.url("/echo"), server.trusting))
            #expect(text.contains("HTTP/2.0"))
        }
        while let chunk = try await iterator.next() { count += chunk.count }
        #expect(count == 64 << 20)
    }

    @Test(arguments: [ConnectionPolicy.ProtocolVersion.negotiated, .http1]) func streamsUploads(
        _ version: ConnectionPolicy.ProtocolVersion
    ) async throws {
        let block = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let content = repeatElement(block, count: 50).reduce(into: [UInt8]()) { $0 += $1 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<4 {
                group.addTask { [client, server] in
                    let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
                    let producer = Task {
                        for number in 0..<50 {
                            if number % 10 == index { try await Task.sleep(for: .milliseconds(10)) }
                            continuation.yield(block)
                        }
                        continuation.finish()
                    }
                    var request = self.request(server.url("/put\(index)"), server.trusting)
                    request.connection.version = version
                    request.method = "PUT"
                    request.body = .stream(length: index % 2 == 0 ? 5_000_000 : nil, stream)
                    #expect(try await client.send(request).status == 201)
                    try await producer.value
                    #expect(try server.stored("put\(index)") == content)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func parallelHTTP2DownloadsAreComplete() async throws {
        let big = request(server.url("/big"), server.trusting)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<4 {
                group.addTask { [client] in
                    var count = 0
                    for try await chunk in try await client.send(big).body {
                        count += chunk.count
                        if index == 0, count < 4 << 20 { try await Task.sleep(for: .milliseconds(5)) }
                        if index == 1, count > 10 << 20 { return 64 << 20 }
                    }
                    return count
                }
            }
            for try await count in group { #expect(count == 64 << 20) }
        }
    }
}
