internal import Core

/// Switches for behaviour that is off unless asked for, under the names that Flux's source-controller uses.
package struct FeatureGates: Sendable, Hashable {
    /// Whether an object's service account is used for logging in to clouds (`ObjectLevelWorkloadIdentity`).
    package private(set) var objectLevelWorkloadIdentity = false
    /// Accepted because Deployments pass it; Secrets are always read when needed (`CacheSecretsAndConfigMaps`).
    package private(set) var cacheSecretsAndConfigMaps = false

    /// Every gate is at its default.
    package init() {}

    /// Reads `name=true,name=false,...`.
    /// - Throws: `FeatureGateError` for an unknown gate or a value that is not true or false.
    package init(parsing text: String) throws(FeatureGateError) {
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0].filter { $0 != " " })
            guard parts.count == 2, let value = Bool(parts[1].lowercased().filter { $0 != " " }) else {
                throw FeatureGateError("'\(pair)' must be '<gate>=true' or '<gate>=false'")
            }
            switch name {
            case "ObjectLevelWorkloadIdentity": objectLevelWorkloadIdentity = value
            case "CacheSecretsAndConfigMaps": cacheSecretsAndConfigMaps = value
            default:
                throw FeatureGateError(
                    "unknown gate '\(name)'; there are ObjectLevelWorkloadIdentity and CacheSecretsAndConfigMaps")
            }
        }
    }
}

/// Why a list of feature gates cannot be read.
package struct FeatureGateError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
