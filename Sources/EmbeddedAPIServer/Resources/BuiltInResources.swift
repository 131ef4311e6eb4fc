internal import Core

/// The built-in resources that the server offers.
enum BuiltInResources {
    static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    static let namespaces = resource(
        "", "v1", "namespaces", "namespace", "Namespace", BuiltInSchemas.namespace, isNamespaced: false,
        shortNames: ["ns"], verbs: ["create", "delete", "get", "list", "patch", "update", "watch"], hasStatus: true,
        columns: TableColumn.namespace, empty: ["spec": [:], "status": [:]], nameRule: .label,
        fields: ["status.phase"])

    static let secrets = resource(
        "", "v1", "secrets", "secret", "Secret", BuiltInSchemas.secret, columns: TableColumn.secret,
        fields: ["type"])

    static let configMaps = resource(
        "", "v1", "configmaps", "configmap", "ConfigMap", BuiltInSchemas.configMap, shortNames: ["cm"],
        columns: TableColumn.configMap)

    static let serviceAccounts = resource(
        "", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", BuiltInSchemas.serviceAccount,
        shortNames: ["sa"], columns: TableColumn.serviceAccount)

    static let events = resource(
        "", "v1", "events", "event", "Event", BuiltInSchemas.event, shortNames: ["ev"], columns: TableColumn.event,
        empty: EventConversion.emptyEvent, allowsCreateOnUpdate: true,
        fields: [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
            "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
            "reportingComponent", "source", "type",
        ])

    static let eventsEvents = APIResource(
        group: "events.k8s.io", version: "v1", plural: "events", singular: "event", kind: "Event",
        listKind: "EventList", isNamespaced: true, shortNames: ["ev"], categories: [], verbs: allVerbs,
        hasStatus: false, isCustom: false, deprecationWarning: nil, schema: BuiltInSchemas.eventsEvent,
        columns: TableColumn.event, storage: events.storage, conversion: .event,
        emptyObject: EventConversion.emptyEventsEvent, nameRule: .subdomain, allowsCreateOnUpdate: true,
        allowsUnconditionalUpdate: true, selectableFields: events.selectableFields)

    static let leases = resource(
        "coordination.k8s.io", "v1", "leases", "lease", "Lease", BuiltInSchemas.lease, columns: TableColumn.lease,
        empty: ["spec": [:]], allowsCreateOnUpdate: true, allowsUnconditionalUpdate: false)

    static let customResourceDefinitions = resource(
        "apiextensions.k8s.io", "v1", "customresourcedefinitions", "customresourcedefinition",
        "CustomResourceDefinition", BuiltInSchemas.customResourceDefinition, isNamespaced: false,
        shortNames: ["crd", "crds"], categories: ["api-extensions"], verbs: ["get", "list", "watch"],
        columns: TableColumn.customResourceDefinition, allowsUnconditionalUpdate: false)

    static let all = [
        namespaces, secrets, configMaps, serviceAccounts, events, eventsEvents, leases, customResourceDefinitions,
    ]

    /// What `serviceaccounts/token` takes and gives.
    static let tokenRequests = resource(
        "authentication.k8s.io", "v1", "tokenrequests", "tokenrequest", "TokenRequest", BuiltInSchemas.tokenRequest,
        verbs: ["create"], empty: ["spec": [:], "status": [:]])

    private static func resource(
        _ group: String, _ version: String, _ plural: String, _ singular: String, _ kind: String, _ schema: Schema,
        isNamespaced: Bool = true, shortNames: [String] = [], categories: [String] = [], verbs: [String] = allVerbs,
        hasStatus: Bool = false, columns: [TableColumn] = TableColumn.nameAndAge, empty: JSONValue = [:],
        nameRule: APIResource.NameRule = .subdomain, allowsCreateOnUpdate: Bool = false,
        allowsUnconditionalUpdate: Bool = true, fields: [String] = []
    ) -> APIResource {
        APIResource(
            group: group, version: version, plural: plural, singular: singular, kind: kind, listKind: kind + "List",
            isNamespaced: isNamespaced, shortNames: shortNames, categories: categories, verbs: verbs,
            hasStatus: hasStatus, isCustom: false, deprecationWarning: nil, schema: schema, columns: columns,
            storage: StorageIdentity(
                group: group, plural: plural, apiVersion: group.isEmpty ? version : "\(group)/\(version)",
                kind: kind), conversion: .none, emptyObject: empty, nameRule: nameRule,
            allowsCreateOnUpdate: allowsCreateOnUpdate, allowsUnconditionalUpdate: allowsUnconditionalUpdate,
            selectableFields: fields)
    }
}
