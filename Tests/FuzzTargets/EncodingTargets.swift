internal import Core
internal import Cryptography
internal import RegularExpressions
internal import TestPKI

/// Certificates, timestamps, answers about revocation, keys, expressions.
extension FuzzTarget {
    static func encodings(_ corpus: FuzzCorpus) throws -> [FuzzTarget] {
        let now = SigstoreInstance.now
        let root = try corpus.certificate("root"), intermediate = try corpus.certificate("intermediate")
        let stampRoot = try corpus.certificate("timestamp-root"), stampLeaf = try corpus.certificate("timestamp-leaf")
        let subject = try corpus.certificate("revocable"), issuer = try corpus.certificate("revocable-issuer")
        let points = try subject.distributionPoints()
        guard let point = points.first else { throw FuzzCorpus.Incomplete(description: "no distribution point") }
        let question = try OCSPRequest(for: subject, issuer: issuer)
        return [
            try FuzzTarget("certificate", corpus) { input, _ in
                let certificate = try Certificate(der: input)
                _ = try certificate.embeddedSCTs()
                _ = try certificate.ocspResponders()
                _ = try certificate.distributionPoints()
                _ = try certificate.publicKey()
                let path = try CertificatePath(
                    from: certificate, intermediates: [intermediate], anchors: [root], at: now, usage: .codeSigning)
                return "\(certificate.subject) \(certificate.alternativeNames) \(path.certificates.count)"
            },
            try FuzzTarget("timestamp", corpus) { input, seed in
                let token =
                    seed.name == "token" ? try TimestampToken(token: input) : try TimestampToken(response: input)
                try token.verify(
                    over: [1, 2, 3], signer: stampLeaf, intermediates: [], anchors: [stampRoot])
                return "\(token.time) \(token.imprint)"
            },
            try FuzzTarget("ocsp", corpus) { input, _ in
                let answer = try OCSPResponse(der: input).status(for: question, issuer: issuer, at: now)
                return "\(answer)"
            },
            try FuzzTarget("revocation-list", corpus) { input, _ in
                let list = try RevocationList(der: input)
                try list.verify(issuer: issuer, covers: subject, at: point, time: now)
                return "\(String(describing: try list.status(of: subject))) \(String(describing: list.nextUpdate))"
            },
            // A key vouches for itself: whatever is one may be read.
            try FuzzTarget("key", corpus) { input, seed in
                switch seed.name {
                case "encrypted": _ = try EncryptedPrivateKey(pem: input)
                case "private": _ = try PrivateKey(pem: input)
                case "info": _ = try PublicKey(subjectPublicKeyInfo: input)
                default: _ = try PublicKey(pem: input)
                }
                return ""
            },
            try FuzzTarget("expression", corpus) { input, _ in
                let expression = try RegularExpression(String(decoding: input, as: UTF8.self))
                _ = expression.matches(anywhereIn: "https://github.com/org/repo")
                return ""
            },
        ]
    }
}
