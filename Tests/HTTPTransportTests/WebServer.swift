import Core
import Foundation
import HTTPTransport
import TestSupport

/// nginx with TLS and HTTP/2 on one port and a demand for client certificates on another.
final class WebServer: Sendable {
    let certificates: TestCertificates
    let port: Int
    let clientCertificatePort: Int
    let plainPort: Int
    private let process: ChildProcess

    /// Files: `/big` has 64 MiB of zeros; `/echo` answers with host, protocol and client certificate's subject.
    init() async throws {
        certificates = try await TestCertificates()
        port = try freePort()
        clientCertificatePort = try freePort()
        plainPort = try freePort()
        let folder = certificates.folder
        let big = try FileHandle(forWritingTo: URL(fileURLWithPath: try folder.write([], to: "files/big")))
        try big.truncate(atOffset: 64 << 20)
        try big.close()
        let common = """
                ssl_certificate \(certificates.server.certificatePath);
                ssl_certificate_key \(certificates.server.keyPath);
                ssl_protocols TLSv1.2 TLSv1.3;
                location / { root \(folder.file("files")); }
                location /put { root \(folder.file("files")); dav_methods PUT; client_max_body_size 0; }
                location /echo { return 200 "$http_host $server_protocol $ssl_client_s_dn $connection $ssl_server_name"; }
            """
        try folder.write(
            """
            daemon off; master_process off; pid \(folder.file("pid")); error_log stderr;
            events { worker_connections 512; }
            http {
                access_log off;
                keepalive_requests 100000;
                client_body_temp_path \(folder.file("t1")); proxy_temp_path \(folder.file("t2"));
                fastcgi_temp_path \(folder.file("t3")); uwsgi_temp_path \(folder.file("t4")); scgi_temp_path \(folder.file("t5"));
                server { listen 127.0.0.1:\(port) ssl http2; \(common) }
                server {
                    listen 127.0.0.1:\(clientCertificatePort) ssl;
                    ssl_verify_client on; ssl_client_certificate \(certificates.authority.certificatePath);
                    \(common)
                }
                server { listen 127.0.0.1:\(plainPort); location / { root \(folder.file("files")); }
                    location /echo { return 200 "$http_host $server_protocol $connection"; } }
            }

            """, to: "nginx.conf")
        process = try ChildProcess("/usr/sbin/nginx", ["-c", folder.file("nginx.conf")])
        let plain = HTTPRequest(url: "http://127.0.0.1:\(plainPort)/echo")
        let client = CurlClient()
        try await eventually("nginx") { (try? await client.send(plain).status) == 200 }
        await client.shutdown()
    }

    func url(_ path: String, host: String = "127.0.0.1") -> String { "https://\(host):\(port)\(path)" }

    /// A file that was stored with PUT.
    func stored(_ name: String) throws -> [UInt8] { try certificates.folder.read("files/\(name)") }

    var trusting: TLSPolicy { TLSPolicy(additionalRoots: certificates.authority.certificate) }
}

extension CurlClient {
    /// The body of a small response, as text.
    func text(_ request: HTTPRequest) async throws -> String {
        String(decoding: try await send(request).body.collect(upTo: 10_000), as: UTF8.self)
    }
}
