internal import Core
internal import HTTPServing

/// Answers requests for one object.
struct GetVerb {
    let store: ObjectStore
    let request: APIRequest
    let now: Timestamp

    func respond(name: String) throws(APIStatus) -> HTTPServerResponse {
        if let text = request.query["resourceVersion"], let version = UInt64(text), version > store.version {
            throw .tooLargeResourceVersion(version, current: store.version)
        }
        guard
            let object = store.object(request.resource.storage, namespace: request.namespace, name: name)
        else { throw .notFound(request.resource, name: name) }
        return try ObjectResponse(request: request, now: now).make(object, status: 200)
    }
}
