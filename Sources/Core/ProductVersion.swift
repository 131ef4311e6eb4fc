/// The version of everything that is built here, as both programs show it.
package enum ProductVersion {
    package static let current = "0.1.0"
}
