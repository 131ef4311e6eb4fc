internal import Core

/// Makes Tables and metadata-only objects (`meta.k8s.io`).
struct TableBuilder: Sendable {
    /// What a row carries of its object.
    enum Included: Sendable {
        case nothing, metadata, object

        init(_ text: String?) throws(APIStatus) {
            switch text {
            case nil, "Metadata": self = .metadata
            case "None": self = .nothing
            case "Object": self = .object
            case .some(let other):
                throw .badRequest("unrecognized includeObject value: \"\(other.prefix(80))\"")
            }
        }
    }

    let resource: APIResource
    /// `v1` or `v1beta1`.
    let version: String
    let now: Timestamp
    let included: Included

    func table(of values: [JSONValue], metadata: JSONValue, withColumns: Bool = true) -> JSONValue {
        [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            "columnDefinitions": withColumns ? .array(resource.columns.map(\.definition)) : .null,
            "rows": .array(values.map(row)),
        ]
    }

    /// The text of a Table of stored objects, made row by row: a tree of a thousand rows would take a lot of memory.
    func tableBytes(of objects: [StoredObject], metadata: JSONValue) -> [UInt8] {
        var bytes = [UInt8](#"{"apiVersion":"meta.k8s.io/\#(version)","columnDefinitions":"#.utf8)
        bytes += JSONValue.array(resource.columns.map(\.definition)).serialized()
        bytes += [UInt8](#","kind":"Table","metadata":"#.utf8)
        bytes += metadata.serialized()
        bytes += [UInt8](#","rows":["#.utf8)
        for (index, object) in objects.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += row(resource.value(of: object)).serialized()
        }
        bytes += [UInt8]("]}".utf8)
        return bytes
    }

    private func row(_ value: JSONValue) -> JSONValue {
        // Columns of events are written for the stored form.
        let cellSource = resource.conversion == .event ? resource.toStorage(value) : value
        var row: JSONValue = ["cells": .array(resource.columns.map { $0.cell(cellSource, now) })]
        switch included {
        case .nothing: row["object"] = .null
        case .metadata: row["object"] = Self.partialMetadata(of: value, version: version)
        case .object: row["object"] = value
        }
        return row
    }

    static func partialMetadata(of value: JSONValue, version: String) -> JSONValue {
        [
            "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"),
            "metadata": value["metadata"] ?? [:],
        ]
    }
}
