import Core
import Foundation

/// What differs between two runs of the same requests, and how the values of one are those of the other.
struct Volatile {
    /// Recorded values and what takes their place here.
    private(set) var uids: [String: String] = [:]
    private(set) var versions: [String: String] = [:]
    private(set) var tokens: [String: String] = [:]
    private(set) var names: [String: String] = [:]

    // MARK: Recorded to own

    /// A recorded text with the values of this run.
    func translated(_ text: String) -> String {
        var result = text
        for (recorded, own) in uids where result.contains(recorded) {
            result = result.replacingOccurrences(of: recorded, with: own)
        }
        for (recorded, own) in names where result.contains(recorded) {
            result = result.replacingOccurrences(of: recorded, with: own)
        }
        return result
    }

    /// A recorded target with the values of this run.
    func translated(target: String) -> String {
        let parts = translated(target).split(separator: "?", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return parts[0] }
        let query = parts[1].split(separator: "&").map { pair -> String in
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard sides.count == 2 else { return String(pair) }
            switch sides[0] {
            case "resourceVersion": return "resourceVersion=" + (versions[sides[1]] ?? sides[1])
            case "continue": return "continue=" + (tokens[sides[1]] ?? sides[1])
            case "hash": return ""
            // Enough to see everything that is there, and no longer.
            case "timeoutSeconds": return "timeoutSeconds=1"
            default: return String(pair)
            }
        }
        return parts[0] + "?" + query.filter { !$0.isEmpty }.joined(separator: "&")
    }

    /// A recorded body with the values of this run.
    func translated(_ value: JSONValue, key: String = "") -> JSONValue {
        switch value {
        case .string(let text):
            if key == "resourceVersion" { return .string(versions[text] ?? text) }
            return .string(translated(text))
        case .array(let elements): return .array(elements.map { translated($0) })
        case .object(let members):
            return .object(Dictionary(uniqueKeysWithValues: members.map { ($0, translated($1, key: $0)) }))
        default: return value
        }
    }

    // MARK: Comparing

    /// What differs between a recorded answer and this run's, beyond what may.
    mutating func differences(_ recorded: JSONValue, _ own: JSONValue, path: String = "", key: String = "") -> [String]
    {
        switch (recorded, own) {
        case (.object(let left), .object(let right)):
            if left["kind"] == "Status", left["details"]?["causes"]?.arrayValue.map({ $0.count > 1 }) == true {
                return statusDifferences(left, right, path: path)
            }
            return Set(left.keys).union(right.keys).sorted().flatMap { name -> [String] in
                guard let one = left[name] else {
                    return ["\(path).\(name): unexpected \(right[name]?.text().prefix(200) ?? "")"]
                }
                guard let other = right[name] else { return ["\(path).\(name): missing \(one.text().prefix(200))"] }
                return differences(one, other, path: "\(path).\(name)", key: name)
            }
        case (.array(let left), .array(let right)):
            guard left.count == right.count else { return ["\(path): \(right.count) elements, not \(left.count)"] }
            return zip(left, right).enumerated().flatMap {
                differences($1.0, $1.1, path: "\(path)[\($0)]", key: key)
            }
        case (.string(let left), .string(let right)):
            return same(left, right, key: key) ? [] : ["\(path): '\(right.prefix(300))', not '\(left.prefix(300))'"]
        default:
            return recorded == own ? [] : ["\(path): \(own.text().prefix(200)), not \(recorded.text().prefix(200))"]
        }
    }

    /// Several errors come in the order of a Go map.
    private mutating func statusDifferences(
        _ left: [String: JSONValue], _ right: [String: JSONValue], path: String
    ) -> [String] {
        func causes(_ status: [String: JSONValue]) -> [JSONValue] {
            (status["details"]?["causes"]?.arrayValue ?? []).sorted { $0.text() < $1.text() }
        }
        func rest(_ status: [String: JSONValue]) -> JSONValue {
            var copy = status
            copy["message"] = nil
            copy["details", default: [:]]["causes"] = .array(causes(status))
            return .object(copy)
        }
        func letters(_ status: [String: JSONValue]) -> [UInt8] { (status["message"]?.stringValue ?? "").utf8.sorted() }
        let same = letters(left) == letters(right)
        return differencesOfPlain(rest(left), rest(right), path: path)
            + (same
                ? [] : ["\(path).message: '\(right["message"]?.text() ?? "")', not '\(left["message"]?.text() ?? "")'"])
    }

    private mutating func differencesOfPlain(_ left: JSONValue, _ right: JSONValue, path: String) -> [String] {
        left == right ? [] : ["\(path): \(right.text()), not \(left.text())"]
    }

    private mutating func same(_ left: String, _ right: String, key: String) -> Bool {
        switch key {
        case "uid":
            guard left.isEmpty == right.isEmpty else { return false }
            uids[left] = right
            return true
        case "resourceVersion":
            guard UInt64(left) != nil, UInt64(right) != nil else { return left == right }
            versions[left] = right
            return true
        case "continue":
            guard left.isEmpty == right.isEmpty else { return false }
            tokens[left] = right
            return true
        case "creationTimestamp", "deletionTimestamp", "time", "expirationTimestamp":
            return Timestamp(rfc3339: left) != nil && Timestamp(rfc3339: right) != nil
        case "token": return right.split(separator: ".").count == 3
        case "serverAddress": return !right.isEmpty
        case "cells" where Self.isAge(left): return Self.isAge(right)
        case "name" where Self.isGenerated(left):
            guard left.dropLast(5) == right.dropLast(5), left.count == right.count else { return false }
            names[left] = right
            return true
        case "message" where left.hasPrefix("too old resource version"):
            return right.hasPrefix("too old resource version")
        default: return translated(left) == right
        }
    }

    private static func isAge(_ text: String) -> Bool {
        guard let last = text.last, "smhdy".contains(last), text.first?.isNumber == true else { return false }
        return text.allSatisfy { $0.isNumber || "smhdy".contains($0) }
    }

    private static func isGenerated(_ text: String) -> Bool {
        ["gen-", "one."].contains { text.hasPrefix($0) && text.count == $0.count + 5 }
    }
}
