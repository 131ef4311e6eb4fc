package import KubernetesAPI

/// A change of an object that an informer saw.
package enum InformerEvent<Object: KubernetesObject>: Sendable {
    /// An object that was not known; `isInitial` if it is from the first list, so that it may be old.
    case added(Object, isInitial: Bool)
    case updated(from: Object, to: Object)
    /// The object is gone; this is its last known state.
    case deleted(Object)
    /// An object that cannot be read is being deleted, or is gone. Its other changes are not told.
    case unreadableEnding(NamespacedName)

    /// The object's key.
    package var key: NamespacedName {
        switch self {
        case .added(let object, _), .updated(_, let object), .deleted(let object): object.key
        case .unreadableEnding(let key): key
        }
    }
}

/// What a change of an object asks of its controller.
package struct ReconcileTrigger: Sendable, Hashable {
    package var priority: WorkPriority
    /// A reconciliation that is going on works on what is no longer true.
    package var isInterrupting: Bool

    /// A trigger from its parts.
    package init(priority: WorkPriority, isInterrupting: Bool) {
        self.priority = priority
        self.isInterrupting = isInterrupting
    }

    /// The trigger of an event: creation, a new generation, a changed request annotation, deletion. A change of the status
    /// or of other metadata is none.
    /// - Parameter annotation: the annotation by which people ask for a reconciliation.
    package init?<Object: KubernetesObject>(_ event: InformerEvent<Object>, requestedBy annotation: String) {
        switch event {
        case .added(let object, let isInitial):
            let isAsked = !isInitial || object.metadata.isBeingDeleted
            self.init(priority: isAsked ? .requested : .resync, isInterrupting: false)
        case .updated(let old, let new):
            let isOther = old.metadata.uid != new.metadata.uid
            let isChanged = isOther || old.metadata.generation != new.metadata.generation
            let startsDeletion = !old.metadata.isBeingDeleted && new.metadata.isBeingDeleted
            let isAsked = old.metadata.annotations[annotation] != new.metadata.annotations[annotation]
            guard isChanged || startsDeletion || isAsked else { return nil }
            self.init(priority: .requested, isInterrupting: isChanged || startsDeletion)
        case .deleted, .unreadableEnding:
            self.init(priority: .requested, isInterrupting: true)
        }
    }
}
