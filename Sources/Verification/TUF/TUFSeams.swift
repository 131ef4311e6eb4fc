/// A mirror of a TUF repository.
package protocol TUFFetching: Sendable {
    /// The file at `path` below the repository's base; nil when the mirror has no such file.
    /// - Parameter limit: fails when the file is longer.
    func fetch(_ path: String, limit: Int) async throws -> [UInt8]?
}

/// Where a TUF client keeps what it accepted. One store serves one repository and initial root.
package protocol TUFStoring: Sendable {
    /// The file called `name` (a plain name); nil when there is none.
    func read(_ name: String) async throws -> [UInt8]?
    /// Puts a whole file in place of the old one: a reader, even after a crash, sees one of the two.
    func write(_ bytes: [UInt8], _ name: String) async throws
    /// Removes a file, if it is there.
    func remove(_ name: String) async throws
}
