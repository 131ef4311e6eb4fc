internal import Core
internal import Cryptography

/// Takes out of a remote party's text what was sent to it as proof of who asks: some servers repeat that in their errors,
/// and the errors go into conditions, events and logs.
struct SecretMask: Sendable {
    static let replacement = "***"
    /// Shorter secrets are found in any text; only their Basic form is looked for.
    static let minimumLength = 4
    /// As many equal bytes as tell a secret: what follows them belongs to it as far as it is equal, so that the work is
    /// bounded and a secret that the server has cut is found too.
    static let headLength = 32

    private let credential: RegistryCredential
    private var tokens: [Redacted<String>] = []

    /// A mask for what `credential` can make a request carry.
    init(_ credential: RegistryCredential) { self.credential = credential }

    /// Takes `token`, which a token server gave, for a secret too.
    mutating func add(_ token: Redacted<String>) {
        if !tokens.contains(token) { tokens.append(token) }
    }

    /// `text` with `***` in the place of each secret, of the Basic form of user and password, and of what percent-encoding,
    /// a form's encoding and quoting make of them. Work: text times secrets times `headLength`.
    func masked(_ text: String) -> String {
        let secrets = forms()
        guard !secrets.isEmpty else { return text }
        let bytes = Array(text.utf8)
        var rest: [UInt8] = []
        rest.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let length = secrets.map { Self.match($0, bytes[index...]) }.max() ?? 0
            if length > 0 {
                rest += Self.replacement.utf8
                index += length
            } else {
                rest.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: rest, as: UTF8.self)
    }

    /// How many of the first bytes of `text` are the secret's.
    private static func match(_ secret: [UInt8], _ text: ArraySlice<UInt8>) -> Int {
        guard text.starts(with: secret.prefix(headLength)) else { return 0 }
        return zip(secret, text).prefix { $0 == $1 }.count
    }

    /// The bytes to look for, each of them once.
    private func forms() -> Set<[UInt8]> {
        var secrets = tokens.map(\.revealed)
        var encoded: [String] = []
        switch credential {
        case .anonymous: break
        case .basic(let username, let password):
            // The pair says more than a password that is too short to be looked for alone.
            let isShort = password.revealed.utf8.count < Self.minimumLength
            secrets.append(isShort ? "\(username):\(password.revealed)" : password.revealed)
            let basic = BasicAuthorization.value(username, password)
            let unpadded = String(basic.prefix { $0 != "=" })
            // The URL alphabet's form as well (RFC 4648, section 5).
            let other = String(unpadded.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
            encoded = [basic, unpadded, other] + Self.percentEncoded(basic)
        case .identityToken(let token), .bearer(let token): secrets.append(token.revealed)
        }
        // Passwords from files end in a line feed that servers do not repeat.
        secrets += secrets.map(Self.trimmed)
        let long = secrets.filter { $0.utf8.count >= Self.minimumLength }
        let all = long + long.flatMap(Self.percentEncoded) + long.map(Self.quoted) + encoded
        return Set(all.map { Array($0.utf8) }.filter { !$0.isEmpty })
    }

    private static func trimmed(_ text: String) -> String {
        let isBlank = { (byte: UInt8) in [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
        var bytes = Array(text.utf8)[...].drop(while: isBlank)
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// With capital and with small hexadecimal digits, with `%20` and with `+` for a space.
    private static func percentEncoded(_ text: String) -> [String] {
        let capital = Array(RegistryURL.encode(text).utf8)
        var small = capital
        for index in capital.indices where index >= 1 {
            // At most two bytes after a percent sign, which itself is never left bare.
            let isDigit = capital[max(index - 2, 0)..<index].contains(UInt8(ascii: "%"))
            if isDigit, (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(capital[index]) { small[index] |= 0x20 }
        }
        return [capital, small].flatMap { form in
            let text = String(decoding: form, as: UTF8.self)
            return [text, text.split(separator: "%20", omittingEmptySubsequences: false).joined(separator: "+")]
        }
    }

    /// With a backslash before quotation marks and backslashes.
    private static func quoted(_ text: String) -> String {
        let bytes = text.utf8.flatMap { byte in
            byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? [UInt8(ascii: "\\"), byte] : [byte]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
