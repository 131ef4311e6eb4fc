import Core
import HTTPTransport
import TestSupport
import Testing

/// How it is said that a server wants another client certificate, or one at all. In TLS 1.3 the server may be heard by an
/// alert, a reset or a broken stream, as the race goes: the words must not depend on it.
@Suite struct ClientCertificateTests {
    /// What a server does once it has judged the client's certificate.
    enum Ending: String, Sendable {
        /// It says why by an alert, and waits until the client is gone.
        case alert
        /// It resets the connection, after the alert if there is one.
        case reset
        /// It begins to answer, and goes on with what is not TLS.
        case answer
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let ending: Ending
        let version: String
        let protocols: String
        let showsCertificate: Bool
        var testDescription: String {
            "\(ending.rawValue), TLS \(version), \(protocols)\(showsCertificate ? ", shown" : "")"
        }
    }

    private static let rows = [Ending.alert, .reset].flatMap { ending in
        ["1.2", "1.3"].flatMap { version in
            ["h2", "http/1.1"].flatMap { protocols in
                [true, false].map {
                    Row(ending: ending, version: version, protocols: protocols, showsCertificate: $0)
                }
            }
        }
    }

    /// A TLS server that never answers a request to its end.
    /// - Parameter asks: `REQUIRED`, `OPTIONAL` or `NONE`: how it asks for a client certificate.
    private static func server(
        _ certificates: TestCertificates, _ row: Row, asks: String
    ) async throws -> (process: ChildProcess, url: String) {
        let port = try freePort()
        let script = """
            import socket, ssl, struct
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain('\(certificates.server.certificatePath)', '\(certificates.server.keyPath)')
            context.load_verify_locations('\(certificates.authority.certificatePath)')
            context.verify_mode = ssl.CERT_\(asks)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv\(row.version.replacing(".", with: "_"))
            context.set_alpn_protocols(['\(row.protocols)'])
            listener = socket.create_server(('127.0.0.1', \(port)))
            print('ready', flush=True)
            while True:
                plain, _ = listener.accept()
                # The handshake as a step of its own: when it fails, the connection is still to be ended.
                connection = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
                try:
                    connection.do_handshake()
                except ssl.SSLError:
                    pass
                if '\(row.ending.rawValue)' == 'answer':
                    connection.recv(4096)
                    connection.send(b'HTTP/1.1 200 OK\\r\\nContent-Length: 10\\r\\n\\r\\nabc')
                    connection = socket.socket(fileno=connection.detach())
                    connection.sendall(b'no record of TLS')
                elif '\(row.ending.rawValue)' == 'reset':
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                else:
                    raw = socket.socket(fileno=connection.detach())
                    try:
                        while raw.recv(4096): pass
                    except OSError:
                        pass
                    connection = raw
                connection.close()

            """
        let process = try ChildProcess("/usr/bin/python3", ["-c", script])
        try await eventually("the TLS server") {
            try #require(process.isRunning, "\(process.log)")
            return process.log.contains("ready")
        }
        return (process, "https://127.0.0.1:\(port)/")
    }

    @Test(arguments: rows) func aRefusedClientCertificateIsSaidInTheSameWords(row: Row) async throws {
        let certificates = try await TestCertificates()
        let stranger = try await TestCertificates()
        let (process, url) = try await Self.server(certificates, row, asks: "REQUIRED")
        defer { process.kill() }
        var tls = TLSPolicy(additionalRoots: certificates.authority.certificate)
        if row.showsCertificate {
            tls.identity = try TLSIdentity(
                certificatePEM: stranger.client.certificate, keyPEM: Redacted(stranger.client.key))
        }
        let peer = url.dropFirst("https://".count).dropLast()
        let expected =
            row.showsCertificate
            ? "tls: \(peer) ended the connection when it was shown the client certificate"
            : "tls: \(peer) asked for a client certificate and ended the connection"
        let client = CurlClient()
        for _ in 0..<5 {
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.send(HTTPRequest(url: url, connection: ConnectionPolicy(tls: tls)))
            }
            #expect(error?.message == expected)
            #expect(error?.remedy == (row.showsCertificate ? .replaceCertificate : .showCertificate))
            #expect(error?.code == .tls)
            #expect(error?.particulars?.isEmpty == false)
        }
    }

    @Test(arguments: [("NONE", Ending.reset), ("OPTIONAL", .answer)])
    func otherEndingsAreNotBlamedOnTheCertificate(asks: String, ending: Ending) async throws {
        let certificates = try await TestCertificates()
        let row = Row(ending: ending, version: "1.3", protocols: "http/1.1", showsCertificate: false)
        let (process, url) = try await Self.server(certificates, row, asks: asks)
        defer { process.kill() }
        let tls = TLSPolicy(additionalRoots: certificates.authority.certificate)
        let client = CurlClient()
        let error = await #expect(throws: HTTPTransportError.self) {
            try await client.text(HTTPRequest(url: url, connection: ConnectionPolicy(tls: tls)))
        }
        #expect(error?.message.contains("certificate") == false)
        #expect(error?.isRetryable == true)
    }
}
