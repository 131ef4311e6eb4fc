internal import Core

/// Keeps `metadata.managedFields` (k8s.io/apimachinery `managedfields`).
struct FieldManager {
    let resource: APIResource
    /// `apiVersion` of the request.
    let apiVersion: String
    /// Empty or `status`.
    let subresource: String
    let scope: FieldScope
    let manager: String
    /// RFC 3339, whole seconds.
    let now: String

    /// Updates of one object are remembered for this many managers; older ones are merged.
    private static let maximumUpdateManagers = 10

    /// Records who changed what when `new` takes the place of `live` (nil: is created).
    func recordUpdate(live: JSONValue?, new: inout JSONValue) {
        var managed = base(live: live, new: new)
        if live != nil, managed.entries.isEmpty {
            managed.write(to: &new)
            return
        }
        var comparison = FieldComparison(
            (live ?? emptyObject).withoutManagedFields, new.withoutManagedFields, schema: resource.schema)
        comparison.restrict(to: scope)
        var changed = comparison.modified.union(comparison.added)
        changed.stripSystemFields()
        for index in managed.entries.indices {
            managed.entries[index].fields.subtract(changed)
            managed.entries[index].fields.subtract(comparison.removed)
        }
        var entry = ManagedFieldsEntry(
            manager: manager, operation: .update, apiVersion: apiVersion, subresource: subresource)
        if !changed.isEmpty {
            entry.time = now
            entry.fields = changed
            if let index = managed.entries.firstIndex(where: { $0.hasSameIdentity(as: entry) }) {
                managed.entries[index].fields.formUnion(changed)
                managed.entries[index].time = now
            } else {
                managed.entries.append(entry)
            }
        }
        managed.entries.removeAll { $0.fields.isEmpty }
        mergeOldest(&managed)
        managed.write(to: &new)
    }

    /// Applies `applied` onto `live` (nil: creates the object).
    /// - Throws: the 409 that names the other managers, unless `force`.
    func apply(_ applied: JSONValue, to live: JSONValue?, force: Bool) throws(APIStatus) -> JSONValue {
        var managed = live.flatMap { ManagedFields(of: $0) } ?? ManagedFields()
        if let live, managed.entries.isEmpty {
            // The object predates field management: what it has belongs to whoever was there first.
            var comparison = FieldComparison(emptyObject, live.withoutManagedFields, schema: resource.schema)
            comparison.added.formUnion(comparison.modified)
            comparison.added.stripSystemFields()
            if !comparison.added.isEmpty {
                managed.entries.append(
                    ManagedFieldsEntry(
                        manager: "before-first-apply", operation: .update, apiVersion: apiVersion, subresource: "",
                        time: now, fields: comparison.added))
            }
        }
        let before = (live ?? emptyObject).withoutManagedFields
        var entry = ManagedFieldsEntry(
            manager: manager, operation: .apply, apiVersion: apiVersion, subresource: subresource)
        let position = managed.entries.firstIndex { $0.hasSameIdentity(as: entry) }
        let last = position.map { managed.entries[$0] }
        entry.time = last?.time
        entry.fields = FieldMerge.fieldSet(of: applied, schema: resource.schema)
        entry.fields.restrict(to: scope)
        entry.fields.stripSystemFields()
        if let position { managed.entries.remove(at: position) }

        var result = FieldMerge.merge(before, applied, schema: resource.schema)
        if let last {
            var kept = entry.fields
            for other in managed.entries { kept.formUnion(other.fields) }
            FieldMerge.remove(last.fields.subtracting(kept), keeping: kept, from: &result, schema: resource.schema)
        }
        var comparison = FieldComparison(before, result, schema: resource.schema)
        comparison.restrict(to: scope)
        let changed = comparison.modified.union(comparison.added)
        try resolveConflicts(&managed, changed: changed, removed: comparison.removed, force: force)
        // Who applies what is there already takes a share in it at no particular time.
        if !comparison.isSame { entry.time = now }
        if !entry.fields.isEmpty { managed.entries.append(entry) }
        managed.write(to: &result)
        return result
    }

    private func resolveConflicts(
        _ managed: inout ManagedFields, changed: FieldSet, removed: FieldSet, force: Bool
    ) throws(APIStatus) {
        var conflicts: [(String, String)] = []
        for index in managed.entries.indices {
            let common = managed.entries[index].fields.intersection(changed)
            if !common.isEmpty {
                let name = managed.entries[index].messageText
                common.forEachPath { path in conflicts.append((name, path.map(\.messageText).joined())) }
                if force { managed.entries[index].fields.subtract(common) }
            }
            managed.entries[index].fields.subtract(removed)
        }
        if !force, !conflicts.isEmpty { throw Self.conflict(conflicts) }
        managed.entries.removeAll { $0.fields.isEmpty }
    }

    private static func conflict(_ conflicts: [(manager: String, path: String)]) -> APIStatus {
        let text: String
        if conflicts.count == 1 {
            text = "Apply failed with 1 conflict: conflict with \(conflicts[0].manager): \(conflicts[0].path)"
        } else {
            var lines: [String] = []
            for manager in Set(conflicts.map(\.manager)).sorted() {
                lines.append("conflicts with \(manager):")
                lines += conflicts.filter { $0.manager == manager }.map { "- \($0.path)" }
            }
            text = "Apply failed with \(conflicts.count) conflicts: " + lines.joined(separator: "\n")
        }
        let causes: [JSONValue] = conflicts.map {
            [
                "reason": "FieldManagerConflict", "message": .string("conflict with \($0.manager)"),
                "field": .string($0.path),
            ]
        }
        return APIStatus(code: 409, reason: "Conflict", message: text, details: ["causes": .array(causes)])
    }

    /// What a creation is compared with.
    private var emptyObject: JSONValue {
        var value = resource.emptyObject
        value["metadata"] = [:]
        return value
    }

    /// The entries to start from: the request's, if it carries some (main resource only), else those of the live object.
    private func base(live: JSONValue?, new: JSONValue) -> ManagedFields {
        if subresource.isEmpty, let list = new["metadata"]?["managedFields"]?.arrayValue {
            if list == [[:]] { return ManagedFields() }
            if !list.isEmpty, let managed = ManagedFields(of: new) { return managed }
        }
        return live.flatMap { ManagedFields(of: $0) } ?? ManagedFields()
    }

    private func mergeOldest(_ managed: inout ManagedFields) {
        let updates = managed.entries.filter { $0.operation == .update }.sorted { ($0.time ?? "") < ($1.time ?? "") }
        guard updates.count > Self.maximumUpdateManagers else { return }
        var merged: [String: ManagedFieldsEntry] = [:]
        for old in updates.prefix(updates.count - Self.maximumUpdateManagers + 1) where old.subresource.isEmpty {
            managed.entries.removeAll { $0 == old }
            var entry =
                merged[old.apiVersion]
                ?? ManagedFieldsEntry(
                    manager: "ancient-changes", operation: .update, apiVersion: old.apiVersion, subresource: "")
            entry.fields.formUnion(old.fields)
            entry.time = old.time
            merged[old.apiVersion] = entry
        }
        managed.entries += merged.values
    }
}

extension JSONValue {
    /// The object without `metadata.managedFields`.
    var withoutManagedFields: JSONValue {
        guard self["metadata"]?["managedFields"] != nil else { return self }
        var copy = self
        copy["metadata", default: [:]]["managedFields"] = nil
        return copy
    }

    /// Like the plain subscript, with a value for a missing member.
    subscript(key: String, default defaultValue: JSONValue) -> JSONValue {
        get { self[key] ?? defaultValue }
        set { self[key] = newValue }
    }
}
