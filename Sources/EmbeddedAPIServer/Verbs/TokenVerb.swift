internal import Core
internal import Cryptography
internal import HTTPServing

/// Answers `serviceaccounts/<name>/token`.
///
/// Nothing checks these tokens: the server has no authentication. They have the form of real ones, so that tools that look
/// into them work, and a random signature.
struct TokenVerb {
    let store: ObjectStore
    let request: APIRequest
    let now: Timestamp

    private static let issuer = "https://kubernetes.default.svc"

    func respond(account name: String) throws(APIStatus) -> HTTPServerResponse {
        guard
            let account = store.object(request.resource.storage, namespace: request.namespace, name: name)
        else { throw .notFound(request.resource, name: name) }
        let inner = APIRequest(
            resource: BuiltInResources.tokenRequests, namespace: request.namespace, hasNamespace: true, name: name,
            subresource: "token", query: request.query, http: request.http)
        var value = try inner.decodeBody()
        let warnings = try Admission(request: inner).decode(&value)
        let seconds = value.member(at: "spec", "expirationSeconds")?.integerValue ?? 3600
        guard (600...(1 << 32)).contains(seconds) else {
            throw .invalid(
                kind: "TokenRequest", group: "authentication.k8s.io", name: name,
                errors: [
                    .invalid(
                        "spec.expirationSeconds", .integer(seconds),
                        seconds < 600
                            ? "may not specify a duration less than 10 minutes"
                            : "may not specify a duration larger than 2^32 seconds")
                ])
        }
        var audiences = value.member(at: "spec", "audiences")?.arrayValue ?? []
        if audiences.isEmpty { audiences = [.string(Self.issuer)] }
        value["metadata"] = [
            "name": .string(name), "namespace": .string(request.namespace), "uid": .string(account.uid),
            "creationTimestamp": .string(now.rfc3339),
        ]
        value["spec", default: [:]]["audiences"] = .array(audiences)
        value["spec", default: [:]]["expirationSeconds"] = .integer(seconds)
        FieldManager(
            resource: inner.resource, apiVersion: inner.resource.groupVersion, subresource: "token",
            scope: .everything, manager: request.fieldManager, now: now.rfc3339
        ).recordUpdate(live: nil, new: &value)
        value["status"] = [
            "token": .string(token(for: account, audiences: audiences, seconds: seconds)),
            "expirationTimestamp": .string((now + .seconds(seconds)).rfc3339),
        ]
        return try WriteOutcome(status: 201, content: .value(value), warnings: warnings).response(to: inner, now: now)
    }

    private func token(for account: StoredObject, audiences: [JSONValue], seconds: Int64) -> String {
        let claims: JSONValue = [
            "aud": .array(audiences), "exp": .integer(now.seconds + seconds), "iat": .integer(now.seconds),
            "iss": .string(Self.issuer), "jti": .string(NameGenerator.uid()),
            "kubernetes.io": [
                "namespace": .string(account.namespace),
                "serviceaccount": ["name": .string(account.name), "uid": .string(account.uid)],
            ],
            "nbf": .integer(now.seconds),
            "sub": .string("system:serviceaccount:\(account.namespace):\(account.name)"),
        ]
        let header: JSONValue = ["alg": "HS256", "kid": "embedded"]
        return [header.serialized(), claims.serialized(), SecureRandom.bytes(32)]
            .map { Base64.encode($0, urlSafe: true) }.joined(separator: ".")
    }
}
