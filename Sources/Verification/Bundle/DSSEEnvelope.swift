internal import Core
internal import Cryptography

/// A signing envelope with its one signature (secure-systems-lab/dsse, protocol version 1).
struct DSSEEnvelope: Sendable {
    let payloadType: String
    let payload: [UInt8]
    let signature: [UInt8]

    init(payloadType: String, payload: [UInt8], signature: [UInt8]) {
        self.payloadType = payloadType
        self.payload = payload
        self.signature = signature
    }

    init(_ reader: inout MessageReader) throws(Rejection) {
        payload = try reader.bytes("payload") ?? []
        payloadType = try reader.string("payloadType") ?? ""
        var signatures = try reader.messages("signatures", limit: 32)
        guard signatures.count == 1 else {  // check: one-dsse-signature
            throw Rejection(.malformed, "the envelope has \(signatures.count) signatures; it must have one")
        }
        guard let signature = try signatures[0].bytes("sig"), !signature.isEmpty else {
            throw signatures[0].missing("sig")
        }
        // Unauthenticated, as the specification says.
        _ = try signatures[0].string("keyid")
        try signatures[0].finish()
        try reader.finish()
        self.signature = signature
    }

    /// The bytes that are signed: the pre-authentication encoding of type and payload.
    var signedBytes: [UInt8] {
        Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
    }
}
