/// The schemas of the built-in kinds, with their protobuf numbers (k8s.io/api and k8s.io/apimachinery).
enum BuiltInSchemas {
    static let apiVersionText =
        "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized "
        + "schemas to the latest internal value, and may reject unrecognized values."
    static let kindText =
        "Kind is a string value representing the REST resource this object represents. Cannot be updated."
    static let nameText =
        "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a "
        + "client to request the generation of an appropriate name automatically. Name is primarily intended for "
        + "creation idempotence and configuration definition. Cannot be updated. More info: "
        + "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
    static let creationTimestampText =
        "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
        + "to be set in happens-before order across separate operations. Clients may not set this value. It is "
        + "represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
        + "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"

    static let managedFieldsEntry = Schema.message(
        "Which fields one manager set.", topology: .atomic,
        [
            .string(1, "manager", "Name of the manager.").always,
            .string(2, "operation", "Apply or Update.").always,
            .string(3, "apiVersion", "Version of the resource that the fields are in.").always,
            .time(4, "time", "When the entry last changed."),
            .string(6, "fieldsType", "Always FieldsV1.").always,
            .fields(7, "fieldsV1", "The fields as a tree."),
            .string(8, "subresource", "Name of the subresource the fields were set through, if any.").always,
        ])

    static let ownerReference = Schema.message(
        "An object that this one depends on.", topology: .atomic,
        [
            .string(1, "kind", "Kind of the owner.").always.required,
            .string(3, "name", "Name of the owner.").always.required,
            .string(4, "uid", "UID of the owner.").always.required,
            .string(5, "apiVersion", "API version of the owner.").always.required,
            .boolean(6, "controller", "Whether the owner manages this object."),
            .boolean(7, "blockOwnerDeletion", "Whether a foreground deletion of the owner waits for this object."),
        ])

    static let objectMeta = Schema.message(
        "Standard object metadata.", isNullable: false,
        [
            .string(1, "name", nameText).always,
            .string(2, "generateName", "Prefix for a name that the server makes when none is given.").always,
            .string(3, "namespace", "The space within which the name must be unique.").always,
            .string(4, "selfLink", "No longer populated.").always,
            .string(5, "uid", "The identity of this object in time and space. Set by the server.").always,
            .string(6, "resourceVersion", "The version of the object's stored state. Opaque to clients.").always,
            .integer(7, "generation", "Counts the changes of the desired state.").always,
            .time(8, "creationTimestamp", creationTimestampText).always,
            .time(9, "deletionTimestamp", "When the deletion was asked for; set while finalizers remain."),
            .integer(10, "deletionGracePeriodSeconds", "Seconds allowed for a graceful deletion."),
            .stringMap(11, "labels", "Keys and values to organise and select objects by."),
            .stringMap(12, "annotations", "Keys and values for tools and people."),
            .messages(
                13, "ownerReferences", "The objects that this one depends on.", ownerReference,
                topology: .keyed(["uid"]), mergeKey: "uid"),
            .strings(
                14, "finalizers", "Who has to act before the object goes away.", topology: .set),
            .messages(17, "managedFields", "Who set which fields.", managedFieldsEntry),
        ])

    static let listMeta = Schema.message(
        "Standard list metadata.",
        [
            .string(1, "selfLink", "No longer populated.").always,
            .string(2, "resourceVersion", "The version the list is of.").always,
            .string(3, "continue", "Where the next part of the list starts; empty at the end.").always,
            .integer(4, "remainingItemCount", "How many items come after this part."),
        ])

    static let objectReference = Schema.message(
        "A reference to an object.", topology: .atomic,
        [
            .string(1, "kind", "Kind of the object.").always,
            .string(2, "namespace", "Namespace of the object.").always,
            .string(3, "name", "Name of the object.").always,
            .string(4, "uid", "UID of the object.").always,
            .string(5, "apiVersion", "API version of the object.").always,
            .string(6, "resourceVersion", "Version of the object.").always,
            .string(7, "fieldPath", "A part of the object.").always,
        ])

    static let namespace = Schema.kind(
        "Namespace provides a scope for names.",
        [
            .message(
                2, "spec",
                .message(
                    "How the namespace behaves.",
                    [.strings(1, "finalizers", "What must be emptied before the namespace goes away.")])
            ).always,
            .message(
                3, "status",
                .message(
                    "The state of the namespace.",
                    [
                        .string(1, "phase", "Active or Terminating.").always,
                        .messages(
                            2, "conditions", "The latest observations.",
                            .message(
                                "One aspect of the state.",
                                [
                                    .string(1, "type", "Type of the condition.").always.required,
                                    .string(2, "status", "True, False or Unknown.").always.required,
                                    .time(4, "lastTransitionTime", "When the condition last changed.").always,
                                    .string(5, "reason", "Why it changed, in one word.").always,
                                    .string(6, "message", "Why it changed, for people.").always,
                                ]), topology: .keyed(["type"]), mergeKey: "type"),
                    ])
            ).always,
        ])

    static let secret = Schema.kind(
        "Secret holds secret data of a certain type.",
        [
            .bytesMap(2, "data", "The data, each value in base64."),
            .string(3, "type", "What the data is, such as Opaque or kubernetes.io/dockerconfigjson.").always,
            .stringMap(4, "stringData", "Data as plain text; written into data by the server, never returned."),
            .boolean(5, "immutable", "Whether data may no longer change."),
        ])

    static let configMap = Schema.kind(
        "ConfigMap holds configuration data.",
        [
            .stringMap(2, "data", "The data as text."),
            .bytesMap(3, "binaryData", "Data that is no text, in base64."),
            .boolean(4, "immutable", "Whether the data may no longer change."),
        ])

    static let serviceAccount = Schema.kind(
        "ServiceAccount is an identity for processes.",
        [
            .messages(
                2, "secrets", "Secrets that pods of this account may use.", objectReference,
                topology: .keyed(["name"]), mergeKey: "name"),
            .messages(
                3, "imagePullSecrets", "Secrets with credentials for registries.",
                .message(
                    "The name of an object in the same namespace.", topology: .atomic,
                    [.string(1, "name", "Name of the object.").always])),
            .boolean(4, "automountServiceAccountToken", "Whether pods get a token mounted by default."),
        ])

    private static let eventSource = Schema.message(
        "Who reported the event.",
        [
            .string(1, "component", "The component that reported the event.").always,
            .string(2, "host", "The node the component runs on.").always,
        ])

    private static let eventSeries = Schema.message(
        "A series of equal events.",
        [
            .integer(1, "count", "How often the event occurred.", format: "int32").always,
            .time(2, "lastObservedTime", "When it last occurred.", micro: true).always,
        ])

    static let event = Schema.kind(
        "Event is a report of something that happened to an object.",
        [
            .message(2, "involvedObject", objectReference).always.required,
            .string(3, "reason", "Why it happened, in one word.").always,
            .string(4, "message", "What happened, for people.").always,
            .message(5, "source", eventSource).always,
            .time(6, "firstTimestamp", "When it first happened.").always,
            .time(7, "lastTimestamp", "When it last happened.").always,
            .integer(8, "count", "How often it happened.", format: "int32").always,
            .string(9, "type", "Normal or Warning.").always,
            .time(10, "eventTime", "When it was first observed.", micro: true).always,
            .message(11, "series", eventSeries),
            .string(12, "action", "What was done about it.").always,
            .message(13, "related", objectReference),
            .string(14, "reportingComponent", "The controller that reported it.").always,
            .string(15, "reportingInstance", "The instance of that controller.").always,
        ])

    static let eventsEvent = Schema.kind(
        "Event is a report of something that happened to an object.",
        [
            .time(2, "eventTime", "When it was first observed.", micro: true).always.required,
            .message(3, "series", eventSeries),
            .string(4, "reportingController", "The controller that reported it.").always,
            .string(5, "reportingInstance", "The instance of that controller.").always,
            .string(6, "action", "What was done about it.").always,
            .string(7, "reason", "Why it happened, in one word.").always,
            .message(8, "regarding", objectReference).always,
            .message(9, "related", objectReference),
            .string(10, "note", "What happened, for people.").always,
            .string(11, "type", "Normal or Warning.").always,
            .message(12, "deprecatedSource", eventSource).always,
            .time(13, "deprecatedFirstTimestamp", "When it first happened.").always,
            .time(14, "deprecatedLastTimestamp", "When it last happened.").always,
            .integer(15, "deprecatedCount", "How often it happened.", format: "int32").always,
        ])

    static let lease = Schema.kind(
        "Lease is a lock that expires.",
        [
            .message(
                2, "spec",
                .message(
                    "Who holds the lease and for how long.",
                    [
                        .string(1, "holderIdentity", "Who holds the lease."),
                        .integer(2, "leaseDurationSeconds", "How long it lasts after a renewal.", format: "int32"),
                        .time(3, "acquireTime", "When the holder got it.", micro: true),
                        .time(4, "renewTime", "When the holder last renewed it.", micro: true),
                        .integer(5, "leaseTransitions", "How often the holder changed.", format: "int32"),
                        .string(6, "strategy", "How the next holder is chosen."),
                        .string(7, "preferredHolder", "Who should get the lease next."),
                    ])
            ).always
        ])

    static let tokenRequest = Schema.kind(
        "TokenRequest asks for a token of a service account.",
        [
            .message(
                2, "spec",
                .message(
                    "What the token is for.",
                    [
                        .strings(1, "audiences", "Who the token is meant for."),
                        .message(
                            3, "boundObjectRef",
                            .message(
                                "The object whose life bounds the token's.",
                                [
                                    .string(1, "kind", "Kind of the object.").always,
                                    .string(2, "apiVersion", "API version of the object.").always,
                                    .string(3, "name", "Name of the object.").always,
                                    .string(4, "uid", "UID of the object.").always,
                                ])),
                        .integer(4, "expirationSeconds", "How long the token is valid."),
                    ])
            ).always,
            .message(
                3, "status",
                .message(
                    "The token.",
                    [
                        .string(1, "token", "The token.").always,
                        .time(2, "expirationTimestamp", "When the token expires.").always,
                    ])
            ).always,
        ])

    static let deleteOptions = Schema.message(
        "How an object is deleted.",
        [
            .string(0, "apiVersion", apiVersionText), .string(0, "kind", kindText),
            .integer(1, "gracePeriodSeconds", "Seconds allowed for a graceful deletion."),
            .message(
                2, "preconditions",
                .message(
                    "What must hold for the deletion.",
                    [.string(1, "uid", "UID of the object."), .string(2, "resourceVersion", "Version of the object.")])),
            .boolean(3, "orphanDependents", "Deprecated."),
            .string(4, "propagationPolicy", "What happens to dependents."),
            .strings(5, "dryRun", "All: nothing is stored."),
        ])

    static let status = Schema.message(
        "The outcome of a request.",
        [
            .string(0, "apiVersion", apiVersionText), .string(0, "kind", kindText),
            .message(1, "metadata", listMeta).always,
            .string(2, "status", "Success or Failure.").always,
            .string(3, "message", "What happened.").always,
            .string(4, "reason", "Why, in one word.").always,
            .message(
                5, "details",
                .message(
                    "More about the reason.",
                    [
                        .string(1, "name", "Name of the object.").always,
                        .string(2, "group", "Group of the object.").always,
                        .string(3, "kind", "Kind of the object.").always,
                        .messages(
                            4, "causes", "What led to the failure.",
                            .message(
                                "One cause.",
                                [
                                    .string(1, "reason", "The cause in one word.").always,
                                    .string(2, "message", "The cause for people.").always,
                                    .string(3, "field", "The field that caused it.").always,
                                ])),
                        .integer(5, "retryAfterSeconds", "When to try again.", format: "int32").always,
                        .string(6, "uid", "UID of the object.").always,
                    ])),
            .integer(6, "code", "The HTTP status.", format: "int32").always,
        ])

    /// Kinds whose schema is not checked here: CustomResourceDefinitions.
    static let customResourceDefinition = Schema(
        type: .object, description: "CustomResourceDefinition describes a kind that the server offers.",
        properties: [
            "apiVersion": Schema(type: .string, description: apiVersionText),
            "kind": Schema(type: .string, description: kindText), "metadata": objectMeta,
            "spec": Schema(type: .object, description: "The kind.", preservesUnknownFields: true),
            "status": Schema(type: .object, description: "What is offered.", preservesUnknownFields: true),
        ])
}
