internal import Core
internal import KubernetesAPI
internal import OCI
internal import RegularExpressions

/// What an object's `ref` asks for, parsed: a digest wins over a version range, that over a tag, and the default is the
/// tag `latest`.
enum SourceReference {
    case tag(PinnedTag)
    case versions(VersionRange, filter: RegularExpression?)
    case digest(Digest)

    /// Parses `spec.ref`.
    /// - Throws: a failure that names the field, the value and what is wrong with it.
    init(_ spec: OCIRepositorySpec) throws(ReconcileFailure) {
        let reference = spec.reference
        if let text = reference?.digest {
            do throws(Digest.ParsingError) {
                self = .digest(try Digest(parsing: text))
            } catch {
                throw ReconcileFailure(
                    .fetch, reason: ConditionReason.pullFailed,
                    message: "failed to determine artifact digest: spec.ref.digest: \(error)")
            }
        } else if let text = reference?.semver {
            let prefix = "failed to determine the artifact tag for '\(spec.url)'"
            let range: VersionRange
            do throws(VersionRange.ParsingError) {
                range = try VersionRange(parsing: text)
            } catch {
                throw ReconcileFailure(
                    .fetch, reason: ConditionReason.readOperationFailed,
                    message: "\(prefix): semver '\(text)' parse error: \(error)")
            }
            var filter: RegularExpression?
            if let pattern = reference?.semverFilter {
                do throws(RegularExpressionError) {
                    filter = try RegularExpression(pattern)
                } catch {
                    throw ReconcileFailure(
                        .fetch, reason: ConditionReason.readOperationFailed,
                        message: "\(prefix): semverFilter '\(pattern)' parse error: \(error)")
                }
            }
            self = .versions(range, filter: filter)
        } else {
            let text = reference?.tag ?? ManifestReference.defaultTag
            do throws(OCIError) {
                self = .tag(try PinnedTag(parsing: text))
            } catch {
                throw ReconcileFailure(
                    .fetch, reason: ConditionReason.readOperationFailed,
                    message: "failed to determine the artifact tag for '\(spec.url)': spec.ref.tag: \(error)")
            }
        }
    }
}
