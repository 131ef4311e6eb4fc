package import Core

/// A kind of Kubernetes object of which this project reads some fields.
package protocol KubernetesObject: Sendable {
    /// Where the API server has objects of this kind.
    static var resource: APIResource { get }
    /// The object's own metadata.
    var metadata: ObjectMeta { get }
    /// Reads the fields in use from the object's JSON.
    /// - Throws: `ObjectDecodingError` naming the first field that does not fit.
    init(json: JSONValue) throws(ObjectDecodingError)
}

extension KubernetesObject {
    /// The object's namespace and name.
    package var key: NamespacedName { NamespacedName(namespace: metadata.namespace, name: metadata.name) }
}

/// An object that is read as it is: for kinds that no type describes.
package struct DynamicObject: KubernetesObject, Hashable {
    /// Dynamic objects have no resource of their own: requests name it.
    package static let resource = APIResource(group: "", version: "v1", plural: "", kind: "")
    package let metadata: ObjectMeta
    /// The whole object.
    package let json: JSONValue

    package init(json: JSONValue) throws(ObjectDecodingError) {
        metadata = try FieldReader(json).object("metadata", ObjectMeta.init)
        self.json = json
    }
}

/// An object of any kind of which only the metadata is of interest (meta/v1 PartialObjectMetadata).
package struct MetadataObject: KubernetesObject, Hashable {
    /// Metadata objects have no resource of their own: requests name it.
    package static let resource = APIResource(group: "", version: "v1", plural: "", kind: "")
    package let metadata: ObjectMeta

    /// The object that says this of itself.
    package init(metadata: ObjectMeta) {
        self.metadata = metadata
    }

    package init(json: JSONValue) throws(ObjectDecodingError) {
        metadata = try FieldReader(json).object("metadata", ObjectMeta.init)
    }
}
