internal import COpenSSL

/// scrypt (RFC 7914) with the costs that key files use.
struct PasswordHash: Sendable, Hashable {
    /// The work: blocks of memory, a power of two.
    let cost: Int64

    /// What new files get: 64 MiB and a fraction of a second for each guess.
    static let standard = PasswordHash(cost: 1 << 16)
    /// Bytes of the salt of new files.
    static let saltSize = 32
    private static let blockSize: UInt64 = 8
    private static let parallelism: UInt64 = 1

    private init(cost: Int64) { self.cost = cost }

    /// The hash with the given parameters; nil unless they are a set that key files use: a file must not choose how much
    /// memory and time reading it takes.
    init?(cost: Int64, blockSize: Int64, parallelism: Int64) {
        guard [1 << 15, 1 << 16, 1 << 17].contains(cost), blockSize == 8, parallelism == 1 else { return nil }
        self.cost = cost
    }

    var blockSize: Int64 { Int64(Self.blockSize) }
    var parallelism: Int64 { Int64(Self.parallelism) }

    /// `count` bytes from a password; nil without the memory for it.
    func derive(_ password: [UInt8], salt: [UInt8], count: Int) -> [UInt8]? {
        defer { OpenSSLErrors.clear() }
        let memory = 128 * UInt64(cost) * Self.blockSize + (1 << 20)
        var key = [UInt8](repeating: 0, count: count)
        let status = unsafe password.withUnsafeBytes { password in
            unsafe EVP_PBE_scrypt(
                // OpenSSL takes a null password for something else than an empty one.
                password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count, salt, salt.count,
                UInt64(cost), Self.blockSize, Self.parallelism, memory, &key, count)
        }
        return status == 1 ? key : nil
    }
}
