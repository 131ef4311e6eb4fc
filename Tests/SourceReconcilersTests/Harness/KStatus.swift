import Core

/// The status of an object as kstatus computes it (sigs.k8s.io/cli-utils, package kstatus/status), which is what
/// `kubectl wait`-like tools, kustomize-controller's health checks and `flux` judge objects by.
enum KStatus: String, Sendable {
    case inProgress = "InProgress"
    case failed = "Failed"
    case current = "Current"
    case terminating = "Terminating"

    init(_ object: JSONValue) {
        if object.member(at: "metadata", "deletionTimestamp") != nil {
            self = .terminating
            return
        }
        let generation = object.member(at: "metadata", "generation")?.integerValue
        if let observed = object.member(at: "status", "observedGeneration")?.integerValue, observed != generation {
            self = .inProgress
            return
        }
        let conditions = object.member(at: "status", "conditions")?.arrayValue ?? []
        for condition in conditions where condition["status"]?.stringValue == "True" {
            switch condition["type"]?.stringValue {
            case "Reconciling":
                self = .inProgress
                return
            case "Stalled":
                self = .failed
                return
            default: continue
            }
        }
        switch conditions.first(where: { $0["type"]?.stringValue == "Ready" })?["status"]?.stringValue {
        case "True", nil: self = .current
        default: self = .inProgress
        }
    }
}
