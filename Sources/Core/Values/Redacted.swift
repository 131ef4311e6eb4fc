/// A secret: it can be used, but neither printed, interpolated, dumped nor logged.
package struct Redacted<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The secret itself; call this only where it leaves the process towards the one it is meant for.
    package let revealed: Value

    /// Wraps `value`.
    package init(_ value: Value) {
        revealed = value
    }

    package var description: String { "[redacted]" }
    package var debugDescription: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Redacted: Equatable where Value: Equatable {}
extension Redacted: Hashable where Value: Hashable {}
