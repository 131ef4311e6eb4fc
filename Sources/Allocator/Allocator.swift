internal import CAllocator

/// How the process gets its memory from the system.
package enum Allocator {
    /// Lets at most `count` arenas share out memory, from now on; call it before threads are started.
    ///
    /// glibc makes up to eight for each processor, so that threads seldom wait for each other, and gives memory that was
    /// freed in one of them to nobody else: a process with a dozen threads that are busy in turns holds on to a multiple of
    /// what it uses.
    /// - Returns: false where the C library has no such setting.
    @discardableResult
    package static func limitArenas(to count: Int32) -> Bool {
        callocator_limit_arenas(count) == 1
    }
}
