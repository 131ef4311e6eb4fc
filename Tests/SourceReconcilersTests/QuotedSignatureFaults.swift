import TestSupport

extension QuotedFaults {
    /// What the pages quote of the reasons why a signature does not count, by the case that provokes each.
    static let signatures: [String: [Quote]] = [
        "another identity": [
            Quote(#"...: it is signed by '...' by '...', but accepted is subject /.../ by issuer /.../"#)
        ],
        "another statement": [Quote(#"...: it is a statement of type '...', not a cosign signature"#)],
        "another digest": [Quote(#"...: the signature is for another artifact"#)],
        "no log": [Quote(#"...: no log that is trusted has an entry for it"#)],
        "no log entry": [Quote(#"it has no log entry"#)],
        "a log's key out of its window": [Quote(#"...: the log's key is not trusted for the time of the entry (...)"#)],
        "an authority out of its window": [
            Quote(#"the certificate authority is not trusted for the time of signing (...)"#)
        ],
        "a wrong checkpoint": [Quote(#"...: the checkpoint's signature is not the log's"#)],
        "a wrong inclusion proof": [Quote(#"the inclusion proof does not lead from the entry to the log's root hash"#)],
        "a wrong entry timestamp": [Quote(#"the signed entry timestamp is not the log's"#)],
        "an expired certificate": [Quote(#"...: the log entry was made outside of the certificate's validity"#)],
        "no promise of a certificate log": [
            Quote(#"...: no certificate log vouches for the signer's certificate: ..."#)
        ],
        "an unknown authority": [Quote(#"...: the signer's certificate does not hold at ...: ..."#)],
        "a format of the future": [Quote(#"...: bundles of media type '...' are not supported"#)],
        "a format of the past": [Quote(#"bundles older than 0.3 are not accepted from a registry"#)],
        "a signature with a certificate": [
            Quote(#"...: it is signed with a certificate, but a key signature is expected"#)
        ],
        "a signature with a key": [
            Quote(#"...: it is signed with a key, but a certificate with an identity is expected"#)
        ],
        "signatures that cannot be had": [Quote(#"...: the list of referrers could not be fetched: ..."#)],
    ]
}
