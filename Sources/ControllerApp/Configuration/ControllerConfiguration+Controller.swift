internal import CommandLineParsing
package import ControllerRuntime
internal import Core
internal import KubernetesAPI

extension ControllerConfiguration {
    /// The longest that one reconciliation may take: an hour of `spec.timeout`, a quarter of one to judge what is stored, and
    /// what storing takes.
    private static let reconcileTimeout = Duration.seconds(5400)

    /// How the controller of the OCIRepository objects works.
    package var controller: Controller.Configuration {
        Controller.Configuration(
            name: "ocirepository", resource: OCIRepository.resource, concurrency: values[flags.concurrent],
            backoff: Backoff(base: values[flags.minimumRetryDelay], maximum: values[flags.maximumRetryDelay]),
            reconcileTimeout: Self.reconcileTimeout)
    }
}
