internal import Core
internal import HTTPTransport
internal import OCI

extension Exchanger {
    /// What an answer that is no success means.
    /// - Parameter target: the server that gave it, where the registry redirected to another one.
    func failure(
        _ response: HTTPResponse, _ body: [UInt8], _ action: String, _ mask: SecretMask,
        redirectedTo target: RegistryURL.Origin?
    ) -> RegistryError {
        let said = ErrorResponse(
            body: body, contentType: response.headers["Content-Type"], isRegistry: target == nil, masking: mask)
        let retryAfter = RetryAfter.parse(response.headers, now: shared.time.now)
        var particulars = said.requestNames
        let code: RegistryError.Code =
            switch response.status {
            case 401: .unauthorized
            case 403: .denied
            case 404: .notFound
            case 429: .rateLimited
            case 408, 500...: .server
            default: .invalidResponse
            }
        if code == .rateLimited {
            // A registry that counts down to the end of its window asks for another time at each try.
            let wait = retryAfter.map { GoDuration($0).description }
            particulars = wait.map { wait in particulars.map { "\(wait), \($0)" } ?? wait } ?? particulars
        }
        let (place, hint) =
            if let target {
                ("redirected to '\(RemoteText.printable(target.authority))': ", Self.hint(ofStorage: code))
            } else {
                ("", hint(code, said, asksToWait: retryAfter != nil))
            }
        return RegistryError(
            code, "\(action): \(place)\(said.text(status: response.status))\(hint)", particulars: particulars,
            endpoint: target?.authority ?? registry, httpStatus: response.status, registryCode: said.code,
            retryAfter: retryAfter)
    }

    /// The next step where the registry itself answered.
    private func hint(_ code: RegistryError.Code, _ said: ErrorResponse, asksToWait: Bool) -> String {
        let isAnonymous = access.credential == .anonymous
        switch code {
        case .unauthorized:
            return "; \(access.credentialDescription); \(isAnonymous ? "give credentials" : "check them")"
        case .denied:
            return "; \(access.credentialDescription); "
                + (isAnonymous ? "credentials may be needed" : "check that they may do this")
        case .notFound:
            switch said.code {
            case "NAME_UNKNOWN": return "; the registry has no such repository (or hides it from these credentials)"
            case "MANIFEST_UNKNOWN": return "; the repository has no such tag or digest"
            default: return "; check the URL and the tag or digest"
            }
        case .rateLimited: return asksToWait ? "; the registry asks to wait" : "; the registry limits requests"
        default: return ""
        }
    }

    /// The next step where the server answered that the registry keeps its content on. It is sent no credentials, so that
    /// those of the object are not to blame; what it lets in is the URL that the registry made.
    private static func hint(ofStorage code: RegistryError.Code) -> String {
        switch code {
        case .unauthorized, .denied:
            "; it is sent no credentials: see that no proxy or firewall in between refuses, and that the registry's clock and storage are in order"
        case .notFound: "; the registry's storage does not have what the registry says it has; push it again"
        default: ""
        }
    }
}
