internal import Core

/// An in-toto statement (in-toto attestation framework, Statement v0.1 and v1): a claim about subjects.
struct InTotoStatement: Sendable {
    /// What the payload of an envelope with a statement is called.
    static let payloadType = "application/vnd.in-toto+json"
    /// What cosign's signatures say about their subject.
    static let cosignSignature = "https://sigstore.dev/cosign/sign/v1"

    private static let currentType = "https://in-toto.io/Statement/v1"

    let predicateType: String
    private let subjects: [[String: String]]

    private static let maximumSubjects = 1024
    private static let maximumDigests = 32

    init(parsing payload: [UInt8]) throws(Rejection) {
        let statement = try MessageReader(parsing: payload, limit: Bundle.maximumSize)
        var reader = statement
        let type = try reader.string("_type") ?? ""
        let isKnown = [Self.currentType, "https://in-toto.io/Statement/v0.1"].contains(type)
        guard isKnown else {  // check: statement-type
            throw Rejection(.unsupported, "the statement's type '\(shown(type))' is not supported")
        }
        predicateType = try reader.string("predicateType") ?? ""
        _ = reader.value("predicate")
        var subjects: [[String: String]] = []
        for var subject in try reader.messages("subject", limit: Self.maximumSubjects) {
            guard case .object(let members)? = subject.value("digest"), members.count <= Self.maximumDigests else {
                throw Rejection(.malformed, "\(subject.place("digest")) is missing or too large")
            }
            subjects.append(members.compactMapValues(\.stringValue))
        }
        self.subjects = subjects
        try reader.finish()
    }

    /// The statement with which cosign signs the manifest with this digest.
    static func cosignSignature(of digest: Digest) -> [UInt8] {
        let value: JSONValue = [
            "_type": .string(currentType), "predicateType": .string(cosignSignature), "predicate": [:],
            "subject": [["digest": .object([digest.algorithm.rawValue: .string(digest.hex)])]],
        ]
        return value.serialized()
    }

    /// Whether some subject is the artifact with this digest.
    func isAbout(_ digest: Digest) -> Bool {
        subjects.contains { subject in
            subject[digest.algorithm.rawValue].map { $0.utf8.elementsEqual(digest.hex.utf8) } ?? false
        }
    }

    /// Whether some subject has a digest of this kind.
    var algorithms: Set<Digest.Algorithm> {
        Set(subjects.flatMap { $0.keys.compactMap { Digest.Algorithm(rawValue: $0) } })
    }
}
