/// Whom to trust over TLS, and who we are. TLS 1.2 is the least that is spoken.
package struct TLSPolicy: Sendable, Hashable {
    /// What is checked of a server's certificate.
    package enum Verification: Sendable, Hashable {
        /// The chain up to a trusted root, and the name.
        case full
        /// Nothing: only where a person asked for it.
        case none
    }

    package var verification: Verification
    /// PEM certificates that are trusted besides the system's.
    package var additionalRoots: [UInt8]?
    /// `additionalRoots` only, none of the system's.
    package var replacesSystemRoots: Bool
    /// The client certificate, for servers that ask for one.
    package var identity: TLSIdentity?
    /// The name that is asked for (SNI) and that the certificate must have, in place of the URL's host.
    package var serverName: String?

    /// Full verification against the system's roots and `additionalRoots`.
    package init(
        verification: Verification = .full, additionalRoots: [UInt8]? = nil, replacesSystemRoots: Bool = false,
        identity: TLSIdentity? = nil, serverName: String? = nil
    ) {
        self.verification = verification
        self.additionalRoots = additionalRoots
        self.replacesSystemRoots = replacesSystemRoots
        self.identity = identity
        self.serverName = serverName
    }

    /// Checks that `additionalRoots` can be used, so that a mistake is found before a connection is made.
    /// - Throws: an error that names `ca.crt` when there is no certificate in it or a broken one.
    package func validate() throws(TLSPolicyError) {
        guard let additionalRoots else { return }
        _ = try CertificateList(pem: additionalRoots, name: "ca.crt")
    }

    /// Every request hashes its policy to find its connections: a large bundle is told apart by its edges, and compared
    /// in full (at no cost when it is the same array).
    package func hash(into hasher: inout Hasher) {
        hasher.combine(verification)
        hasher.combine(additionalRoots?.count)
        hasher.combine(additionalRoots?.suffix(96).prefix(64))
        hasher.combine(replacesSystemRoots)
        hasher.combine(identity)
        hasher.combine(serverName)
    }
}

/// Certificates or a key that cannot be used. The message names the key of the Secret that they came from.
package struct TLSPolicyError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
}
