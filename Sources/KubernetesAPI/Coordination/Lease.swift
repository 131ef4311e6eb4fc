package import Core

/// A coordination.k8s.io/v1 Lease: who holds something, and until when.
package struct Lease: KubernetesObject, Hashable {
    package static let resource = APIResource(
        group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease")
    package var metadata: ObjectMeta
    /// Empty when nobody holds it.
    package var holderIdentity: String
    package var leaseDurationSeconds: Int64
    package var acquireTime: Timestamp?
    package var renewTime: Timestamp?
    /// How often the holder changed.
    package var leaseTransitions: Int64

    /// A lease from its parts.
    package init(
        metadata: ObjectMeta, holderIdentity: String = "", leaseDurationSeconds: Int64 = 0,
        acquireTime: Timestamp? = nil, renewTime: Timestamp? = nil, leaseTransitions: Int64 = 0
    ) {
        self.metadata = metadata
        self.holderIdentity = holderIdentity
        self.leaseDurationSeconds = leaseDurationSeconds
        self.acquireTime = acquireTime
        self.renewTime = renewTime
        self.leaseTransitions = leaseTransitions
    }

    package init(json: JSONValue) throws(ObjectDecodingError) {
        let reader = try FieldReader(json)
        self.init(metadata: try reader.object("metadata", ObjectMeta.init))
        guard let spec = json["spec"], !spec.isNull else { return }
        do throws(ObjectDecodingError) {
            let fields = try FieldReader(spec)
            holderIdentity = try fields.stringOrEmpty("holderIdentity")
            leaseDurationSeconds = try fields.optionalInteger("leaseDurationSeconds") ?? 0
            acquireTime = try fields.optionalTime("acquireTime")
            renewTime = try fields.optionalTime("renewTime")
            leaseTransitions = try fields.optionalInteger("leaseTransitions") ?? 0
        } catch {
            throw error.inside("spec")
        }
    }

    /// The JSON object; with the resource version, where there is one, so that a write over a newer lease is refused.
    package var json: JSONValue {
        var meta: JSONValue = ["name": .string(metadata.name), "namespace": .string(metadata.namespace)]
        if !metadata.resourceVersion.isEmpty { meta["resourceVersion"] = .string(metadata.resourceVersion) }
        if !metadata.labels.isEmpty { meta["labels"] = .object(metadata.labels.mapValues { .string($0) }) }
        if !metadata.annotations.isEmpty {
            meta["annotations"] = .object(metadata.annotations.mapValues { .string($0) })
        }
        var spec: JSONValue = [
            "holderIdentity": .string(holderIdentity), "leaseDurationSeconds": .integer(leaseDurationSeconds),
            "leaseTransitions": .integer(leaseTransitions),
        ]
        if let acquireTime { spec["acquireTime"] = .string(acquireTime.rfc3339Micro) }
        if let renewTime { spec["renewTime"] = .string(renewTime.rfc3339Micro) }
        return [
            "apiVersion": .string(Self.resource.apiVersion), "kind": .string(Self.resource.kind), "metadata": meta,
            "spec": spec,
        ]
    }
}
