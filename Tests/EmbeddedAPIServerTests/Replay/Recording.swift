import Core
import Foundation

/// What a real kube-apiserver was asked and what it answered, in order.
struct Recording {
    struct Exchange {
        let number: Int
        let method: String
        let path: String
        let requestHeaders: [String: String]
        let requestBody: JSONValue
        let status: Int
        let responseHeaders: [String: String]
        let responseBody: JSONValue

        var isWatch: Bool { path.contains("watch=true") }
    }

    let name: String
    let exchanges: [Exchange]

    /// The folder of the recordings, from the environment.
    static var folder: String? { ProcessInfo.processInfo.environment["KUBE_APISERVER_FIXTURES"] }

    /// All recordings in the order they were made, which is that of the table in the folder's README.
    static func all(in folder: String) throws -> [Recording] {
        let readme = try String(contentsOfFile: folder + "/README.md", encoding: .utf8)
        return try readme.split(separator: "\n").compactMap { line -> Recording? in
            guard line.hasPrefix("| `"), let end = line.dropFirst(3).firstIndex(of: "`") else { return nil }
            let name = String(line[line.index(line.startIndex, offsetBy: 3)..<end])
            return try Recording(name: name, path: folder + "/" + name)
        }
    }

    private init(name: String, path: String) throws {
        self.name = name
        let value = try JSONValue(
            parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))),
            limits: JSONLimits(bytes: 64 << 20, depth: 200, values: 10_000_000))
        exchanges = (value["exchanges"]?.arrayValue ?? []).enumerated().map { number, exchange in
            func headers(_ value: JSONValue?) -> [String: String] {
                (value?["headers"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
            }
            let request = exchange["request"]
            let response = exchange["response"]
            return Exchange(
                number: number, method: request?["method"]?.stringValue ?? "",
                path: request?["path"]?.stringValue ?? "", requestHeaders: headers(request),
                requestBody: request?["body"] ?? .null, status: Int(response?["status"]?.integerValue ?? 0),
                responseHeaders: headers(response), responseBody: response?["body"] ?? .null)
        }
    }
}
