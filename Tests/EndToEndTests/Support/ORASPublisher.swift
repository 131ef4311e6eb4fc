import Core
import Foundation
import TestSupport

/// Publishes with the PyPI package `oras`: none of the code under test.
enum ORASPublisher {
    /// Pushes files or folders as an artifact's layers, in their order; folders go as tar+gzip.
    /// - Parameters:
    ///   - paths: relative to `folder`, each with `:<media type>` after it if it shall have one.
    ///   - login: user and password.
    static func push(
        _ paths: [String], in folder: TemporaryDirectory, to reference: String,
        annotations: [String: String] = [:], login: (user: String, password: String)? = nil
    ) async throws {
        let request: JSONValue = [
            "paths": .array(paths.map { .string($0) }), "target": .string(reference),
            "annotations": .object(annotations.mapValues { .string($0) }),
            "user": login.map { .string($0.user) } ?? .null, "password": login.map { .string($0.password) } ?? .null,
        ]
        let script = """
            import json, sys, oras.client
            request = json.load(sys.stdin)
            backend = "basic" if request["user"] else "token"
            client = oras.client.OrasClient(insecure=True, auth_backend=backend)
            if request["user"]:
                client.auth.set_basic_auth(request["user"], request["password"])
            client.push(target=request["target"], files=request["paths"], manifest_annotations=request["annotations"])
            """
        // The client reads and writes what Docker's tools would: not where the tests' user has it.
        let outcome = try await CommandLineTool.run(
            Programs.testTools + "/bin/python", ["-c", script], input: request.serialized(),
            environment: ["HOME": folder.path, "DOCKER_CONFIG": folder.path], directory: folder.path)
        guard outcome.status == 0 else {
            throw StandFailure(
                description: "oras: \(outcome.errorOutput); is it installed? 'make deps' does it")
        }
    }
}
