internal import Core
internal import Cryptography

/// The Notary Project's rules for a complete, ordered chain: each certificate issued by the next, the last by itself.
/// Nothing is trusted and no time is judged here.
struct CertificateChainRules: Sendable {
    /// What the first certificate is for.
    enum Purpose: Sendable {
        case codeSigning
        case timestamping

        /// Extended key usages that the first certificate must not have.
        fileprivate var forbidden: Set<OID> {
            switch self {
            case .codeSigning:
                [
                    "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", .timeStamping, "1.3.6.1.5.5.7.3.9",
                    .anyExtendedKeyUsage,
                ]
            case .timestamping: []
            }
        }
    }

    private static let keyUsage: OID = "2.5.29.15"
    /// Extensions that may be critical: those judged here, and those that say nothing that matters here (names,
    /// certificate policies). RFC 5280, section 4.2: others that are critical must not be passed over.
    private static let understood: Set<OID> = [
        keyUsage, "2.5.29.19", "2.5.29.37", "2.5.29.17", "2.5.29.32",
    ]

    let purpose: Purpose

    /// Fails unless `chain`, the end certificate first, follows the rules.
    func verify(_ chain: [Certificate]) throws(Rejection) {
        guard let leaf = chain.first, let root = chain.last else {
            throw Rejection(.certificate, "it has no certificate")
        }
        guard root.isSelfSigned else {  // check: chain-root
            throw Rejection(.certificate, "the certificate chain does not end in a self-signed certificate")
        }
        let isOrdered = zip(chain, chain.dropFirst()).allSatisfy { $0.isIssued(by: $1) }
        guard isOrdered else {  // check: chain-order
            throw Rejection(.certificate, "a certificate of the chain is not issued by the one after it")
        }
        for certificate in chain {
            let unknown = certificate.extensions.first { $0.isCritical && !Self.understood.contains($0.oid) }
            guard unknown == nil else {  // check: chain-critical
                throw Rejection(
                    .certificate, "a certificate has the critical extension \(unknown?.oid.description ?? "")")
            }
        }
        try verify(leaf: leaf)  // check-call: chain-leaf
        let authorities = chain.dropFirst().enumerated()
        for (depth, item) in authorities { try verify(item, depth: depth) }  // check-call: chain-authorities
    }

    private func verify(leaf: Certificate) throws(Rejection) {
        let isAuthority = leaf.basicConstraints?.isAuthority ?? false
        guard !isAuthority else {  // check: chain-leaf-authority
            throw Rejection(.certificate, "the signing certificate is a certificate authority's")
        }
        guard leaf.isCritical(Self.keyUsage) else {  // check: chain-leaf-usage-critical
            throw Rejection(.certificate, "the signing certificate has no critical key usage")
        }
        let usage = leaf.keyUsage ?? []
        guard usage.contains(.digitalSignature) else {  // check: chain-leaf-usage
            throw Rejection(.certificate, "the signing certificate is not for digital signatures")
        }
        let others: Certificate.KeyUsage = [
            .keyEncipherment, .dataEncipherment, .keyAgreement, .keyCertSign, .cRLSign, .encipherOnly, .decipherOnly,
        ]
        guard usage.isDisjoint(with: others) else {  // check: chain-leaf-other-usage
            throw Rejection(.certificate, "the signing certificate is for more than digital signatures")
        }
        let forbidden = (leaf.extendedKeyUsages ?? []).first { purpose.forbidden.contains($0) }
        guard forbidden == nil else {  // check: chain-leaf-extended-usage
            throw Rejection(
                .certificate,
                "the signing certificate has the extended key usage \(forbidden?.description ?? ""), not for code signing"
            )
        }
    }

    /// - Parameter depth: how many authorities are below this one.
    private func verify(_ authority: Certificate, depth: Int) throws(Rejection) {
        let isAuthority = authority.basicConstraints?.isAuthority ?? false
        guard isAuthority else {  // check: chain-authority
            throw Rejection(.certificate, "an issuing certificate is no certificate authority's")
        }
        let isDeepEnough = authority.basicConstraints?.pathLength.map { $0 >= depth } ?? true
        guard isDeepEnough else {  // check: chain-path-length
            throw Rejection(.certificate, "the chain is longer than an issuing certificate allows")
        }
        guard authority.isCritical(Self.keyUsage) else {  // check: chain-authority-usage-critical
            throw Rejection(.certificate, "an issuing certificate has no critical key usage")
        }
        guard authority.keyUsage?.contains(.keyCertSign) ?? false else {  // check: chain-authority-usage
            throw Rejection(.certificate, "an issuing certificate is not for signing certificates")
        }
    }
}
