internal import Core

/// The password of an encrypted private key: `COSIGN_PASSWORD`, which may be empty, or what a person types.
enum KeyPassword {
    private static let variable = "COSIGN_PASSWORD"
    private static let executor = BlockingExecutor(label: "terminal", width: 1)

    /// The password for a key that is there.
    static func read(for file: String, _ context: CommandContext) async throws -> Redacted<[UInt8]> {
        if let password = context.environment[variable] { return Redacted(Array(password.utf8)) }
        return Redacted(try await ask("Password of '\(RemoteText.printable(file, limit: 200))': ", context))
    }

    /// The password for a new key; a person types it twice.
    static func choose(_ context: CommandContext) async throws -> Redacted<[UInt8]> {
        if let password = context.environment[variable] { return Redacted(Array(password.utf8)) }
        let first = try await ask("Password for the new private key: ", context)
        guard try await ask("The same password again: ", context) == first else {
            throw CommandFailure("the two passwords differ; nothing was written")
        }
        return Redacted(first)
    }

    private static func ask(_ prompt: String, _ context: CommandContext) async throws -> [UInt8] {
        let read = context.streams.readPassword
        return try await executor.run {
            do {
                guard let read else { throw CommandFailure("") }
                return try read(prompt)
            } catch {
                throw CommandFailure("no password was given at a terminal; set \(variable) to it (empty for none)")
            }
        }
    }
}
