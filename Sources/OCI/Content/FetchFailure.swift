/// What a failed fetch tells a consumer that does not know the client behind the protocols of this module.
package protocol FetchFailure: Error {
    /// Whether the registry answered that there is no such content: nothing went wrong.
    var isNotFound: Bool { get }
    /// Whether the same request may succeed later.
    var isRetryable: Bool { get }
}
