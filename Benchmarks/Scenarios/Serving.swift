import Core
import Foundation
import TestSupport

/// GETs of artifacts against nginx on the same files.
enum Serving {
    static func run(_ options: Options) async throws -> [Figure] {
        let registry = try await BenchmarkRegistry()
        let folder = try TemporaryDirectory()
        let controller = try await BenchmarkController(options)
        var figures: [Figure] = []
        let nginxPort = try freePort()
        let nginx = try startNginx(nginxPort, root: controller.storagePath, folder)
        for (label, size) in [("2 kB", 1800), ("200 kB", 199_000)] {
            let name = "serve-\(size)"
            try await registry.push(try await Layers.random(size, named: name, in: folder), to: name, tags: ["v1"])
            let api = controller.api
            _ = try await api.timeUntilReady(1, named: name) {
                try await api.create(name, url: "oci://\(registry.address)/\(name)", tag: "v1")
            }
            let artifact = try await api.object(name).member(at: "status", "artifact") ?? [:]
            let path = artifact["path"]?.stringValue ?? ""
            let bytes = artifact["size"]?.integerValue ?? 0
            let ours = "http://127.0.0.1:\(controller.storagePort)/\(path)"
            let theirs = "http://127.0.0.1:\(nginxPort)/\(path)"
            var rates: [Double] = [], peerRates: [Double] = []
            // In turns; the first round only warms up.
            for round in 0..<(options.isQuick ? 2 : 6) {
                let peer = try await wrk(theirs, size: bytes, options), own = try await wrk(ours, size: bytes, options)
                if round > 0 {
                    peerRates.append(peer)
                    rates.append(own)
                }
            }
            let scenario = "artifact GETs, \(label) (\(bytes) bytes)"
            figures += [
                Figure(
                    scenario: scenario, name: "requests", value: median(rates), unit: "/s",
                    reference: ("nginx, sendfile on", median(peerRates)), target: .ratioAtLeast(0.85)),
                Figure(
                    scenario: scenario, name: "content", value: median(rates) * Double(bytes) / 1e6, unit: "MB/s",
                    reference: ("nginx, sendfile on", median(peerRates) * Double(bytes) / 1e6),
                    target: .ratioAtLeast(0.85)),
            ]
        }
        nginx.kill()
        try await controller.stop()
        return figures
    }

    private static func startNginx(_ port: Int, root: String, _ folder: TemporaryDirectory) throws -> ChildProcess {
        // The workers must be able to read the store.
        try folder.write(
            """
            user \(NSUserName());
            daemon off;
            worker_processes 2;
            pid \(folder.file("nginx.pid"));
            error_log stderr error;
            events { worker_connections 1024; }
            http {
                access_log off;
                sendfile on;
                keepalive_requests 1000000000;
                open_file_cache max=100;
                client_body_temp_path \(folder.file("body"));
                proxy_temp_path \(folder.file("proxy"));
                fastcgi_temp_path \(folder.file("fastcgi"));
                uwsgi_temp_path \(folder.file("uwsgi"));
                scgi_temp_path \(folder.file("scgi"));
                server { listen 127.0.0.1:\(port); root \(root); default_type application/gzip; }
            }
            """, to: "nginx.conf")
        let program = FileManager.default.fileExists(atPath: "/usr/sbin/nginx") ? "/usr/sbin/nginx" : "/usr/bin/nginx"
        return try ChildProcess(program, ["-c", folder.file("nginx.conf"), "-p", folder.path])
    }

    /// Requests per second; every answer must be the whole file.
    private static func wrk(_ url: String, size: Int64, _ options: Options) async throws -> Double {
        let seconds = options.isQuick ? 1 : 5
        let outcome = try await CommandLineTool.run("wrk", ["-t1", "-c32", "-d\(seconds)s", url])
        let lines = outcome.output.split(separator: "\n")
        func number(_ prefix: String) -> Double? {
            lines.first { $0.hasPrefix(prefix) }?.split(separator: " ").last.flatMap { Double($0) }
        }
        guard outcome.status == 0, !outcome.output.contains("Non-2xx"), !outcome.output.contains("Socket errors"),
            let rate = number("Requests/sec:")
        else { throw BenchmarkFailure(description: "wrk \(url): \(outcome.output)\(outcome.errorOutput)") }
        return rate
    }
}
