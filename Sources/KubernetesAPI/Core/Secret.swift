package import Core
internal import FoundationEssentials

/// A core/v1 Secret. Its values are redacted wherever they are printed.
package struct Secret: KubernetesObject, Hashable {
    package static let resource = APIResource(group: "", version: "v1", plural: "secrets", kind: "Secret")
    package var metadata: ObjectMeta
    /// Such as `kubernetes.io/dockerconfigjson`; `Opaque` where nothing was said.
    package var type: String
    package var data: [String: Redacted<[UInt8]>]

    /// A secret from its parts.
    package init(metadata: ObjectMeta, type: String = "Opaque", data: [String: Redacted<[UInt8]>]) {
        self.metadata = metadata
        self.type = type
        self.data = data
    }

    package init(json: JSONValue) throws(ObjectDecodingError) {
        let reader = try FieldReader(json)
        metadata = try reader.object("metadata", ObjectMeta.init)
        type = try reader.nonEmptyString("type") ?? "Opaque"
        data = [:]
        for (key, text) in try reader.stringMap("data") {
            guard let bytes = Data(base64Encoded: text) else {
                throw ObjectDecodingError(path: "data[\(key)]", message: "is not base64")
            }
            data[key] = Redacted([UInt8](bytes))
        }
    }
}

/// A core/v1 ServiceAccount, as far as it names registry credentials.
package struct ServiceAccount: KubernetesObject, Hashable {
    package static let resource = APIResource(
        group: "", version: "v1", plural: "serviceaccounts", kind: "ServiceAccount")
    package var metadata: ObjectMeta
    /// The Secrets with registry credentials, by name, in order.
    package var imagePullSecrets: [String]

    /// A service account from its parts.
    package init(metadata: ObjectMeta, imagePullSecrets: [String]) {
        self.metadata = metadata
        self.imagePullSecrets = imagePullSecrets
    }

    package init(json: JSONValue) throws(ObjectDecodingError) {
        let reader = try FieldReader(json)
        metadata = try reader.object("metadata", ObjectMeta.init)
        imagePullSecrets = try reader.objects("imagePullSecrets") { reference throws(ObjectDecodingError) in
            try reference.string("name")
        }
    }
}
