internal import Core
internal import Cryptography
internal import KubernetesAPI
internal import Verification

/// Who signed, for conditions and events.
struct SignatureSigner: Sendable, Hashable {
    /// For people: who signed, in what format, and where it is logged.
    let summary: String
    /// For programs: annotations of the events that tell of the artifact.
    let annotations: [String: String]

    init(summary: String, annotations: [String: String]) {
        self.summary = summary
        self.annotations = annotations
    }

    /// - Parameter summary: in place of the signature's own description.
    init(_ signature: VerifiedSignature, summary: String? = nil) {
        var details: [String: String] = [:]
        switch signature.signer {
        case .key(let key): details["key"] = key.fingerprint.description
        case .identity(let identity):
            details["issuer"] = identity.issuer
            details["subject"] = identity.subject
        case .subject(let certificate):
            details["certificate"] = Digest.of(certificate.der).description
            details["subject"] = certificate.subject.description
        }
        if let index = signature.logIndex { details["log-index"] = String(index) }
        self.init(
            summary: summary ?? signature.description,
            annotations: Dictionary(
                uniqueKeysWithValues: details.map {
                    // Certificates' names are whatever the signer's authority let pass.
                    ("\(OCIRepository.group)/signature-\($0.key)", RemoteText.printable($0.value, limit: 512))
                }))
    }
}
