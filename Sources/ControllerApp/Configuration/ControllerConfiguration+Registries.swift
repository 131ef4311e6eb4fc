internal import CommandLineParsing
package import RegistryClient

extension ControllerConfiguration {
    /// How registries are spoken to.
    package var registries: RegistryClient.Configuration {
        var registries = RegistryClient.Configuration()
        registries.allowsLocalPlainHTTP = values[flags.registryPlainHTTPForPrivateHosts]
        registries.requestsPerHost = values[flags.registryConcurrency]
        registries.minimumDownloadRate = values[flags.downloadRateMinimum]
        registries.maximumDownloadRate = values[flags.downloadRateLimit]
        registries.userAgent = "source-controller/\(ControllerMain.version)"
        return registries
    }
}
