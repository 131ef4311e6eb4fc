import Core
import Glibc
import HTTPTransport
import TestSupport
import Testing

/// What the process' environment may and may not change; each case runs in a process of its own.
@Suite struct EnvironmentTests {
    @Test func proxyVariablesMeanNothingUnlessAsked() async throws {
        let server = try RawServer { connection in
            _ = try connection.readHead()
            try connection.respond(body: "direct")
        }
        let port = server.port
        await #expect(processExitsWith: .success) { [port = port as Int] in
            for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
                unsafe setenv(name, "http://127.0.0.1:1", 1)
            }
            let client = CurlClient()
            let text = try await client.text(HTTPRequest(url: "http://127.0.0.1:\(port)/"))
            #expect(text == "direct")
            let policy = ConnectionPolicy(proxy: .environment(.ofProcess()))
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.send(HTTPRequest(url: "http://registry.example/", connection: policy))
            }
            #expect(error?.code == .proxy)
        }
    }

    @Test func netrcIsNotRead() async throws {
        let server = try RawServer { connection in
            try connection.respond(body: connection.readHead().contains("Authorization") ? "leaked" : "clean")
        }
        let folder = try TemporaryDirectory()
        try folder.write("machine 127.0.0.1 login a password b\n", to: ".netrc")
        let (port, home) = (server.port, folder.path)
        await #expect(processExitsWith: .success) { [port = port as Int, home = home as String] in
            unsafe setenv("HOME", home, 1)
            let text = try await CurlClient().text(HTTPRequest(url: "http://127.0.0.1:\(port)/"))
            #expect(text == "clean")
        }
    }

    @Test(arguments: ["file", "folder", "additional", "replaced", "nothing"]) func systemRootsComeFromTheirVariables(
        _ kind: String
    ) async throws {
        let server = try await WebServer()
        let certificates = server.certificates
        let roots = try TemporaryDirectory()
        try roots.write(certificates.authority.certificate, to: "any-name")
        try roots.write("no certificate", to: "README")
        let (url, file, folder) = (server.url("/echo"), roots.file("any-name"), roots.path)
        let empty = try TemporaryDirectory()
        let (none, other) = (empty.path, certificates.otherAuthority.certificate)
        await #expect(processExitsWith: .success) {
            [
                kind = kind as String, url = url as String, file = file as String, folder = folder as String,
                none = none as String, other = other as [UInt8]
            ] in
            unsafe setenv("SSL_CERT_DIR", kind == "folder" ? "/nonexistent:" + folder : none, 1)
            let hasFile = ["file", "additional", "replaced"].contains(kind)
            unsafe setenv("SSL_CERT_FILE", hasFile ? file : "/nonexistent", 1)
            var tls = TLSPolicy()
            if kind == "additional" || kind == "replaced" { tls.additionalRoots = other }
            tls.replacesSystemRoots = kind == "replaced"
            let request = HTTPRequest(url: url, connection: ConnectionPolicy(tls: tls))
            let client = CurlClient()
            if ["file", "folder", "additional"].contains(kind) {
                let status = try await client.send(request).status
                #expect(status == 200)
            } else {
                let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request) }
                #expect(error?.code == .tls)
            }
        }
    }
}
