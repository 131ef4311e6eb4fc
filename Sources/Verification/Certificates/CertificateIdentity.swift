internal import Core
internal import Cryptography

/// Who a Fulcio certificate was issued to, and by whose word.
package struct CertificateIdentity: Sendable, Hashable, CustomStringConvertible {
    /// The OIDC issuer that vouched for the subject.
    package let issuer: String
    /// The subject: the primary one, or where there is none, or another was matched, one of the other names.
    package let subject: String
    /// The name that a bundle's signer is known by: the first URI, else the first e-mail address, else the only user name.
    let primarySubject: String?
    /// Every alternative name of the certificate, as text; at least one.
    let subjects: [String]

    package var description: String { "'\(shown(subject))' by '\(shown(issuer))'" }

    private static let issuerV1: OID = "1.3.6.1.4.1.57264.1.1"
    private static let issuerV2: OID = "1.3.6.1.4.1.57264.1.8"
    private static let userName: OID = "1.3.6.1.4.1.57264.1.7"

    /// Reads the identity that Fulcio writes (fulcio `docs/oid-info.md`). Text with control characters is refused: it
    /// could pass for something else in a message, or around an expression.
    init(_ certificate: Certificate) throws(Rejection) {
        issuer = try Self.issuer(of: certificate)
        let uris = certificate.alternativeNames.compactMap { if case .uri(let text) = $0 { text } else { nil } }
        let emails = certificate.alternativeNames.compactMap { if case .email(let text) = $0 { text } else { nil } }
        let userNames = try Self.userNames(certificate)
        primarySubject = uris.first ?? emails.first ?? (userNames.count == 1 ? userNames.first : nil)
        let others = certificate.alternativeNames.compactMap { name in
            switch name {
            case .dns(let text): text
            case .ip(let bytes): IPAddressText.canonical(bytes)
            // The subject's kinds of names are URIs, e-mail addresses and user names, which are above.
            case .uri, .email, .other: nil
            // Directory names, registered identifiers and the like: upstream reads none of them either.
            case .unknown: nil
            }
        }
        subjects = uris + emails + userNames + others
        guard let subject = primarySubject ?? subjects.first else {
            throw Rejection(.identity, "the certificate names no signer")
        }
        self.subject = subject
        let hasControls = (subjects + [issuer]).contains { text in
            text.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }
        }
        guard !hasControls else {  // check: identity-controls
            throw Rejection(.identity, "the certificate's names have control characters")
        }
    }

    private init(issuer: String, subject: String, primarySubject: String?, subjects: [String]) {
        self.issuer = issuer
        self.subject = subject
        self.primarySubject = primarySubject
        self.subjects = subjects
    }

    /// The same identity, called by another of its names.
    func named(_ subject: String) -> CertificateIdentity {
        CertificateIdentity(issuer: issuer, subject: subject, primarySubject: primarySubject, subjects: subjects)
    }

    private static func issuer(of certificate: Certificate) throws(Rejection) -> String {
        var found: [[UInt8]] = []
        if let value = certificate.extensionValue(issuerV2) {
            guard let element = try? DERReader.single(DERTag.utf8String, in: value) else {
                throw Rejection(.certificate, "the certificate's issuer extension is malformed")
            }
            found.append(Array(element.content))
        }
        // The older extension is the bare text.
        if let value = certificate.extensionValue(issuerV1) { found.append(value) }
        guard let bytes = found.first, let issuer = String(validating: bytes, as: UTF8.self), !issuer.isEmpty else {
            throw Rejection(.identity, "the certificate names no OIDC issuer")
        }
        guard found.allSatisfy({ $0 == bytes }) else {  // check: issuer-agreement
            throw Rejection(.identity, "the certificate names two different OIDC issuers")
        }
        return issuer
    }

    private static func userNames(_ certificate: Certificate) throws(Rejection) -> [String] {
        var names: [String] = []
        for case .other(userName, let value) in certificate.alternativeNames {
            guard let element = try? DERReader.single(DERTag.utf8String, in: value),
                let text = String(validating: element.content, as: UTF8.self)
            else { throw Rejection(.certificate, "the certificate's user name is malformed") }
            names.append(text)
        }
        return names
    }
}
