internal import Core
internal import Cryptography

/// A signature as cosign 2 stores it: a layer of the manifest under the tag `<algorithm>-<hex>.sig`, its parts in the
/// layer's annotations; nothing in it is verified yet.
struct LegacySignature: Sendable {
    let payload: [UInt8]
    let signature: [UInt8]
    /// The leaf; a chain that comes with it is neither trusted nor needed.
    let certificate: Certificate?
    /// The entry that cosign put beside the signature.
    let entry: LogEntry?

    static let signatureKey = "dev.cosignproject.cosign/signature"
    private static let certificateKey = "dev.sigstore.cosign/certificate"
    private static let bundleKey = "dev.sigstore.cosign/bundle"
    private static let maximumAnnotation = 256 << 10

    /// Reads a layer's annotations.
    init(payload: [UInt8], annotations: [String: String]) throws(Rejection) {
        self.payload = payload
        guard let text = annotations[Self.signatureKey], let signature = Base64.decode(text), !signature.isEmpty else {
            throw Rejection(.malformed, "its annotation '\(Self.signatureKey)' is missing or no base64")
        }
        self.signature = signature
        if let text = annotations[Self.certificateKey], !text.isEmpty {
            certificate = try Self.certificate(text)
        } else {
            certificate = nil
        }
        if let text = annotations[Self.bundleKey], !text.isEmpty {
            entry = try Self.entry(text)
        } else {
            entry = nil
        }
    }

    private static func certificate(_ text: String) throws(Rejection) -> Certificate {
        guard text.utf8.count <= maximumAnnotation else {  // check: legacy-certificate-size
            throw Rejection(.malformed, "its annotation '\(certificateKey)' is too large")
        }
        let certificates: [Certificate]
        do {
            certificates = try Certificate.all(inPEM: Array(text.utf8), limit: 8)
        } catch {
            throw Rejection(.malformed, "its annotation '\(certificateKey)' is malformed: \(error.message)")
        }
        guard let leaf = certificates.first else {
            throw Rejection(.malformed, "its annotation '\(certificateKey)' has no certificate")
        }
        return leaf
    }

    /// Reads the annotation with the log's entry, and the entry's kind from its body, which nothing else names.
    private static func entry(_ text: String) throws(Rejection) -> LogEntry {
        var reader = try MessageReader(parsing: Array(text.utf8), limit: maximumAnnotation)
        guard let promise = try reader.bytes("SignedEntryTimestamp"), !promise.isEmpty else {
            throw reader.missing("SignedEntryTimestamp")
        }
        guard var payload = try reader.message("Payload") else { throw reader.missing("Payload") }
        try reader.finish()
        guard let body = try payload.bytes("body"), let time = try payload.integer("integratedTime"), time > 0,
            let index = try payload.integer("logIndex"), index >= 0,
            let logID = Hexadecimal.decode(try payload.string("logID") ?? ""), logID.count == 32
        else { throw Rejection(.malformed, "its annotation '\(bundleKey)' is incomplete") }
        try payload.finish()
        let content = try? JSONValue(
            parsing: body, limits: JSONLimits(bytes: maximumAnnotation, depth: 16, values: 10_000))
        return LogEntry(
            logIndex: index, logID: logID, kind: content?["kind"]?.stringValue ?? "",
            version: content?["apiVersion"]?.stringValue ?? "", integratedTime: Timestamp(seconds: time),
            promise: promise, proof: nil, body: body)
    }
}
