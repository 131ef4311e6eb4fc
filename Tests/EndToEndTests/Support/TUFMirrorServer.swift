import Core
import Foundation
import TestPKI
import TestSupport
import VerificationFixtures

/// A mirror of a TUF repository: nginx with TLS over a folder, its certificate by an authority that nobody knows.
final class TUFMirrorServer: Sendable {
    let certificates: TestCertificates
    /// `https://127.0.0.1:port/tuf`.
    let url: String
    private let port: Int
    private let process: Locked<ChildProcess>

    /// Starts it with what `repository` has, and waits until it answers.
    init(_ repository: TUFRepository) async throws {
        certificates = try await TestCertificates()
        port = try freePort()
        url = "https://127.0.0.1:\(port)/tuf"
        let folder = certificates.folder
        try folder.write(
            """
            daemon off; master_process off; pid \(folder.file("pid")); error_log stderr;
            events { worker_connections 64; }
            http {
                access_log \(folder.file("access"));
                client_body_temp_path \(folder.file("t1")); proxy_temp_path \(folder.file("t2"));
                fastcgi_temp_path \(folder.file("t3")); uwsgi_temp_path \(folder.file("t4")); scgi_temp_path \(folder.file("t5"));
                server {
                    listen 127.0.0.1:\(port) ssl;
                    ssl_certificate \(certificates.server.certificatePath);
                    ssl_certificate_key \(certificates.server.keyPath);
                    location / { root \(folder.file("files")); }
                }
            }

            """, to: "nginx.conf")
        process = Locked(try ChildProcess("/usr/sbin/nginx", ["-c", folder.file("nginx.conf")]))
        try publish(repository)
        try await eventually("nginx") { [url] in
            try await CommandLineTool.run("curl", ["-sk", "-o", "/dev/null", url]).status == 0
        }
    }

    /// Adds what `repository` has now.
    func publish(_ repository: TUFRepository) throws {
        for (path, bytes) in try repository.files() { try certificates.folder.write(bytes, to: "files/tuf/\(path)") }
    }

    /// How often something of the repository was asked for.
    var requests: Int {
        let log = String(decoding: (try? certificates.folder.read("access")) ?? [], as: UTF8.self)
        return log.split(separator: "\n").filter { $0.contains("GET /tuf/") }.count
    }

    /// Ends it; its port then refuses connections.
    func stop() async throws {
        process.current.kill()
        _ = try await process.current.waitForExit()
    }

    /// Starts it again.
    func start() async throws {
        let child = try ChildProcess("/usr/sbin/nginx", ["-c", certificates.folder.file("nginx.conf")])
        process.withLock { $0 = child }
        try await eventually("nginx") { [url] in
            try await CommandLineTool.run("curl", ["-sk", "-o", "/dev/null", url]).status == 0
        }
    }
}
