/// A query over labels in Kubernetes' string form: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. All requirements must hold.
package struct LabelSelector: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is no selector.
    package struct ParsingError: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// One requirement.
    package struct Requirement: Sendable, Hashable {
        /// How the label's value is judged.
        package enum Operation: Sendable, Hashable {
            case equals(String)
            case notEquals(String)
            case isIn(Set<String>)
            case isNotIn(Set<String>)
            case exists
            case doesNotExist
        }
        package var key: String
        package var operation: Operation

        /// A requirement on the label `key`.
        package init(key: String, operation: Operation) {
            self.key = key
            self.operation = operation
        }

        /// Whether the labels fulfil it. As in Kubernetes, `!=` and `notin` also hold where the label is missing.
        package func matches(_ labels: [String: String]) -> Bool {
            let value = labels[key]
            return switch operation {
            case .equals(let wanted): value == wanted
            case .notEquals(let unwanted): value != unwanted
            case .isIn(let wanted): value.map(wanted.contains) ?? false
            case .isNotIn(let unwanted): value.map { !unwanted.contains($0) } ?? true
            case .exists: value != nil
            case .doesNotExist: value == nil
            }
        }
    }

    /// Sorted by key.
    package let requirements: [Requirement]

    /// A selector with these requirements; none select everything.
    package init(_ requirements: [Requirement] = []) {
        self.requirements = requirements.enumerated()
            .sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }.map(\.element)
    }

    /// Parses the string form; an empty text selects everything.
    /// - Throws: `ParsingError` naming the part that does not fit.
    package init(parsing text: String) throws(ParsingError) {
        var parser = LabelSelectorParser(text)
        self.init(try parser.parse())
    }

    /// Whether nothing is required.
    package var isEmpty: Bool { requirements.isEmpty }

    /// Whether the labels fulfil every requirement.
    package func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { $0.matches(labels) }
    }

    /// The canonical string form: sorted by key, values of sets sorted.
    package var description: String {
        requirements.map { requirement in
            let key = requirement.key
            return switch requirement.operation {
            case .equals(let value): "\(key)=\(value)"
            case .notEquals(let value): "\(key)!=\(value)"
            case .isIn(let values): "\(key) in (\(values.sorted().joined(separator: ",")))"
            case .isNotIn(let values): "\(key) notin (\(values.sorted().joined(separator: ",")))"
            case .exists: key
            case .doesNotExist: "!\(key)"
            }
        }.joined(separator: ",")
    }
}
