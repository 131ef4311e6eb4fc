package import Core
package import Cryptography
internal import Verification

/// A TUF repository with keys of its own; every document can be changed before and after it is signed.
package struct TUFRepository {
    package static let now = Timestamp(seconds: 1_700_000_000)

    package var rootKeys: [PrivateKey]
    package var onlineKey: PrivateKey
    package var rootThreshold = 2
    package var rootVersion: Int64 = 1
    package var timestampVersion: Int64 = 1
    package var snapshotVersion: Int64 = 1
    package var targetsVersion: Int64 = 1
    package var expires: [String: Timestamp] = [:]
    package var target = Array("trusted root".utf8)
    /// Changes a role's `signed` member before it is signed.
    package var change: [String: @Sendable (inout JSONValue) -> Void] = [:]
    /// Keys that sign a role in place of its own.
    package var signers: [String: [PrivateKey]] = [:]
    package var isConsistent = true

    package init() throws {
        rootKeys = try (0..<3).map { _ in try PrivateKey.generate(.ecdsa(.p256)) }
        onlineKey = try PrivateKey.generate(.ecdsa(.p256))
    }

    /// A repository with keys that are there already.
    package init(rootKeys: [PrivateKey], onlineKey: PrivateKey) {
        self.rootKeys = rootKeys
        self.onlineKey = onlineKey
    }

    package static func keyID(_ key: PrivateKey) -> String { key.publicKey.fingerprint.hex }

    package static func signed(_ content: JSONValue, by keys: [PrivateKey]) throws -> [UInt8] {
        let bytes = try content.olpcCanonical()
        let signatures: [JSONValue] = try keys.map {
            ["keyid": .string(keyID($0)), "sig": .string(Hexadecimal.encode(try $0.sign(bytes)))]
        }
        return JSONValue.object(["signed": content, "signatures": .array(signatures)]).serialized()
    }

    private func document(_ role: String, _ version: Int64, _ members: [String: JSONValue]) throws -> [UInt8] {
        let expiry = expires[role] ?? Timestamp(seconds: Self.now.seconds + 1000)
        var content = JSONValue.object(
            members.merging([
                "_type": .string(role), "spec_version": "1.0.31", "version": .integer(version),
                "expires": .string(expiry.rfc3339),
            ]) { first, _ in first })
        change[role]?(&content)
        let own = role == "root" || role == "targets" ? Array(rootKeys.prefix(rootThreshold)) : [onlineKey]
        return try Self.signed(content, by: signers[role] ?? own)
    }

    package var root: [UInt8] {
        get throws {
            var keys: [String: JSONValue] = [:]
            for key in rootKeys + [onlineKey] {
                keys[Self.keyID(key)] = [
                    "keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256",
                    "keyval": ["public": .string(key.publicKey.pem)],
                ]
            }
            func role(_ keys: [PrivateKey], _ threshold: Int) -> JSONValue {
                ["keyids": .array(keys.map { .string(Self.keyID($0)) }), "threshold": .integer(Int64(threshold))]
            }
            return try document(
                "root", rootVersion,
                [
                    "consistent_snapshot": .bool(isConsistent), "keys": .object(keys),
                    "roles": [
                        "root": role(rootKeys, rootThreshold), "targets": role(rootKeys, rootThreshold),
                        "timestamp": role([onlineKey], 1), "snapshot": role([onlineKey], 1),
                    ],
                ])
        }
    }

    /// The files of the mirror.
    package func files() throws -> [String: [UInt8]] {
        func info(_ bytes: [UInt8]) -> JSONValue {
            ["length": .integer(Int64(bytes.count)), "hashes": ["sha256": .string(Digest.of(bytes).hex)]]
        }
        func withVersion(_ info: JSONValue, _ version: Int64) -> JSONValue {
            var info = info
            info["version"] = .integer(version)
            return info
        }
        let targets = try document("targets", targetsVersion, ["targets": ["trusted_root.json": info(target)]])
        let snapshot = try document(
            "snapshot", snapshotVersion,
            ["meta": ["targets.json": ["version": .integer(targetsVersion)], "old.json": ["version": 3]]])
        let timestamp = try document(
            "timestamp", timestampVersion, ["meta": ["snapshot.json": withVersion(info(snapshot), snapshotVersion)]])
        let prefix = isConsistent ? "\(snapshotVersion)." : ""
        return [
            "\(rootVersion).root.json": try root, "timestamp.json": timestamp, "\(prefix)snapshot.json": snapshot,
            (isConsistent ? "\(targetsVersion)." : "") + "targets.json": targets,
            "targets/\(isConsistent ? Digest.of(target).hex + "." : "")trusted_root.json": target,
        ]
    }
}

/// A mirror in memory.
package final class MemoryMirror: TUFFetching {
    package struct Unreachable: Error {}

    private let state: Locked<(files: [String: [UInt8]], asked: [String], isDown: Bool)>

    package init(_ files: [String: [UInt8]]) { state = Locked((files, [], false)) }

    package var files: [String: [UInt8]] {
        get { state.current.files }
        set { state.withLock { $0.files = newValue } }
    }

    package var asked: [String] { state.current.asked }
    package func forget() { state.withLock { $0.asked = [] } }
    package func goDown() { state.withLock { $0.isDown = true } }

    package func fetch(_ path: String, limit: Int) async throws -> [UInt8]? {
        try state.withLock { state in
            if state.isDown { throw Unreachable() }
            state.asked.append(path)
            return state.files[path]
        }
    }
}

/// A store in memory.
package final class MemoryStore: TUFStoring {
    private let files = Locked<[String: [UInt8]]>([:])

    package init() {}

    package var current: [String: [UInt8]] { files.current }

    package func read(_ name: String) async throws -> [UInt8]? { files.current[name] }
    package func write(_ bytes: [UInt8], _ name: String) async throws { files.withLock { $0[name] = bytes } }
    package func remove(_ name: String) async throws { files.withLock { $0[name] = nil } }
}
