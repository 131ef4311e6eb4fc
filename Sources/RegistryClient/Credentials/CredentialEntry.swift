internal import Core
internal import Cryptography
internal import OCI

/// One entry of a docker configuration's `auths`: `{"username", "password", "auth", "identitytoken", "registrytoken"}`.
enum CredentialEntry {
    /// The entry's credential; nil for one without any (docker writes `{}` where a helper keeps it).
    /// - Throws: `RegistryError` with code `invalidCredentials` that names `place`, never a value.
    static func credential(_ value: JSONValue, place: String) throws(RegistryError) -> RegistryCredential? {
        func refusal(_ reason: String) -> RegistryError { RegistryError(.invalidCredentials, "\(place) \(reason)") }
        guard case .object = value else { throw refusal("is a JSON \(value.kind), not an object") }
        func text(_ key: String) throws(RegistryError) -> String? {
            switch value[key] {
            case nil, .null: return nil
            case .string(let text): return text.isEmpty ? nil : text
            case .some(let other): throw refusal("has a JSON \(other.kind) as '\(key)', not a string")
            }
        }
        var username = try text("username")
        var password = try text("password")
        if let auth = try text("auth") {
            // Some tools wrap the base64 text in lines.
            let compact = auth.filter { !$0.isWhitespace }
            guard let bytes = Base64.decode(compact) else { throw refusal("has an 'auth' that is not base64") }
            guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
                throw refusal("has an 'auth' that is not base64 of 'user:password'")
            }
            username = String(decoding: bytes[..<colon], as: UTF8.self)
            // Old dockers padded with zero bytes.
            password = String(decoding: bytes[(colon + 1)...].filter { $0 != 0 }, as: UTF8.self)
        }
        if let token = try text("registrytoken") {
            guard token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw refusal("has a 'registrytoken' that is not one word of printable characters")
            }
            return .bearer(Redacted(token))
        }
        if let token = try text("identitytoken") { return .identityToken(Redacted(token)) }
        guard let username, !username.isEmpty || password != nil else {
            if password != nil { throw refusal("has a password but no user name") }
            return nil
        }
        return named(username, password ?? "")
    }

    /// Docker's convention: the user name `<token>` means that the password is an identity token.
    static func named(_ username: String, _ password: String) -> RegistryCredential {
        username == "<token>"
            ? .identityToken(Redacted(password)) : .basic(username: username, password: Redacted(password))
    }

    /// A text as JSON, or an error that says where, not what.
    static func parse(_ bytes: [UInt8], place: String) throws(RegistryError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes, limits: JSONLimits(bytes: 4 << 20, depth: 16, values: 100_000))
        } catch {
            // The parser's message may repeat a few characters of the text; its place tells enough.
            throw RegistryError(
                .invalidCredentials, "\(place) is not valid JSON (line \(error.line), column \(error.column))")
        }
    }
}
