package import Core

/// The name of another object in the same namespace (meta/v1 LocalObjectReference).
package struct LocalReference: Sendable, Hashable {
    package var name: String

    /// A reference to the object called `name`.
    package init(name: String) {
        self.name = name
    }

    init(_ reader: FieldReader) throws(ObjectDecodingError) {
        self.init(name: try reader.string("name"))
    }
}

/// What an OCIRepository asks for.
package struct OCIRepositorySpec: Sendable, Hashable {
    /// Which version: digest wins over semver wins over tag; none is the tag `latest`.
    package struct Reference: Sendable, Hashable {
        package var tag: String?
        package var semver: String?
        /// An RE2 expression that tags must match; only with `semver`.
        package var semverFilter: String?
        package var digest: String?

        /// A reference from its parts.
        package init(tag: String? = nil, semver: String? = nil, semverFilter: String? = nil, digest: String? = nil) {
            self.tag = tag
            self.semver = semver
            self.semverFilter = semverFilter
            self.digest = digest
        }
    }

    /// Which layer and what to do with it.
    package struct LayerSelector: Sendable, Hashable {
        /// What becomes of the layer.
        package enum Operation: String, Sendable, Hashable, CaseIterable {
            /// Unpack, filter and pack it again.
            case extract
            /// Store its bytes as they are.
            case copy
        }
        /// The first layer with this media type; nil is the first layer.
        package var mediaType: String?
        package var operation: Operation

        /// A selector from its parts.
        package init(mediaType: String? = nil, operation: Operation = .extract) {
            self.mediaType = mediaType
            self.operation = operation
        }
    }

    /// Whose login is used.
    package enum Provider: String, Sendable, Hashable, CaseIterable {
        case generic, aws, azure, gcp
    }

    /// How signatures are checked before anything is stored.
    package struct Verification: Sendable, Hashable {
        package enum Provider: String, Sendable, Hashable, CaseIterable {
            case cosign, notation
        }
        /// Who must have signed, as RE2 expressions.
        package struct Identity: Sendable, Hashable {
            package var issuer: String
            package var subject: String

            /// An identity from its parts.
            package init(issuer: String, subject: String) {
                self.issuer = issuer
                self.subject = subject
            }
        }
        package var provider: Provider
        /// Keys or trust policy; with cosign, nil is keyless.
        package var secretRef: LocalReference?
        /// The trust root of an own Sigstore instance.
        package var trustedRootSecretRef: LocalReference?
        /// Any one suffices.
        package var matchOIDCIdentity: [Identity]

        /// A verification from its parts.
        package init(
            provider: Provider = .cosign, secretRef: LocalReference? = nil, trustedRootSecretRef: LocalReference? = nil,
            matchOIDCIdentity: [Identity] = []
        ) {
            self.provider = provider
            self.secretRef = secretRef
            self.trustedRootSecretRef = trustedRootSecretRef
            self.matchOIDCIdentity = matchOIDCIdentity
        }
    }

    /// `oci://host[:port]/path`, not checked here.
    package var url: String
    package var reference: Reference?
    package var layerSelector: LayerSelector?
    package var provider: Provider
    package var secretRef: LocalReference?
    package var serviceAccountName: String?
    package var certSecretRef: LocalReference?
    package var proxySecretRef: LocalReference?
    /// The poll interval as it is written; under a second counts as a second, which is for the reader to do.
    package var interval: Duration
    /// For the remote operations of one reconciliation; 60 s where the object says nothing.
    package var timeout: Duration
    /// .gitignore syntax; nil means the default exclusions, which is not the same as an empty text.
    package var ignore: String?
    package var isInsecure: Bool
    package var verify: Verification?
    package var isSuspended: Bool

    /// A specification from its parts.
    package init(
        url: String, reference: Reference? = nil, layerSelector: LayerSelector? = nil, provider: Provider = .generic,
        secretRef: LocalReference? = nil, serviceAccountName: String? = nil, certSecretRef: LocalReference? = nil,
        proxySecretRef: LocalReference? = nil, interval: Duration = .seconds(60), timeout: Duration = .seconds(60),
        ignore: String? = nil, isInsecure: Bool = false, verify: Verification? = nil, isSuspended: Bool = false
    ) {
        self.url = url
        self.reference = reference
        self.layerSelector = layerSelector
        self.provider = provider
        self.secretRef = secretRef
        self.serviceAccountName = serviceAccountName
        self.certSecretRef = certSecretRef
        self.proxySecretRef = proxySecretRef
        self.interval = interval
        self.timeout = timeout
        self.ignore = ignore
        self.isInsecure = isInsecure
        self.verify = verify
        self.isSuspended = isSuspended
    }
}

extension OCIRepositorySpec {
    init(_ reader: FieldReader) throws(ObjectDecodingError) {
        guard let interval = try reader.optionalDuration("interval") else {
            throw ObjectDecodingError(path: "interval", message: "is required")
        }
        self.init(
            url: try reader.string("url"), reference: try reader.optionalObject("ref", Reference.init),
            layerSelector: try reader.optionalObject("layerSelector", LayerSelector.init),
            provider: try reader.optionalChoice("provider", of: Provider.self) ?? .generic,
            secretRef: try reader.optionalObject("secretRef", LocalReference.init),
            serviceAccountName: try reader.nonEmptyString("serviceAccountName"),
            certSecretRef: try reader.optionalObject("certSecretRef", LocalReference.init),
            proxySecretRef: try reader.optionalObject("proxySecretRef", LocalReference.init), interval: interval,
            timeout: try reader.optionalDuration("timeout") ?? .seconds(60),
            ignore: try reader.optionalString("ignore"), isInsecure: try reader.bool("insecure"),
            verify: try reader.optionalObject("verify", Verification.init),
            isSuspended: try reader.bool("suspend"))
    }
}

extension OCIRepositorySpec.Reference {
    init(_ reader: FieldReader) throws(ObjectDecodingError) {
        self.init(
            tag: try reader.nonEmptyString("tag"), semver: try reader.nonEmptyString("semver"),
            semverFilter: try reader.nonEmptyString("semverFilter"), digest: try reader.nonEmptyString("digest"))
    }
}

extension OCIRepositorySpec.LayerSelector {
    init(_ reader: FieldReader) throws(ObjectDecodingError) {
        self.init(
            mediaType: try reader.nonEmptyString("mediaType"),
            operation: try reader.optionalChoice("operation", of: Operation.self) ?? .extract)
    }

    /// The JSON object.
    package var json: JSONValue {
        var value: JSONValue = ["operation": .string(operation.rawValue)]
        if let mediaType { value["mediaType"] = .string(mediaType) }
        return value
    }
}

extension OCIRepositorySpec.Verification {
    init(_ reader: FieldReader) throws(ObjectDecodingError) {
        self.init(
            provider: try reader.optionalChoice("provider", of: Provider.self) ?? .cosign,
            secretRef: try reader.optionalObject("secretRef", LocalReference.init),
            trustedRootSecretRef: try reader.optionalObject("trustedRootSecretRef", LocalReference.init),
            matchOIDCIdentity: try reader.objects("matchOIDCIdentity") { identity throws(ObjectDecodingError) in
                Identity(issuer: try identity.string("issuer"), subject: try identity.string("subject"))
            })
    }
}

extension FieldReader {
    /// The string called `name`; Go's clients write an empty one for "not set".
    func nonEmptyString(_ name: String) throws(ObjectDecodingError) -> String? {
        guard let text = try optionalString(name), !text.isEmpty else { return nil }
        return text
    }
}
