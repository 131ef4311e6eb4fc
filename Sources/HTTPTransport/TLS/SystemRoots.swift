internal import Core
internal import Glibc

/// The certificates that this machine trusts.
enum SystemRoots {
    /// The usual places of the distributions' bundles; the first that is there counts.
    private static let bundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]
    private static let folders = ["/etc/ssl/certs", "/etc/pki/tls/certs"]
    private static let maximumFiles = 2000

    /// Reads them: from `SSL_CERT_FILE` and `SSL_CERT_DIR` (several, separated by colons) where set, in place of the
    /// usual places. What cannot be read or parsed is left out: it only makes fewer servers trusted.
    static func load(variable: (String) -> String?) -> CertificateList {
        let file = variable("SSL_CERT_FILE").flatMap { $0.isEmpty ? nil : $0 }
        let folder = variable("SSL_CERT_DIR").flatMap { $0.isEmpty ? nil : $0 }
        var texts: [[UInt8]] = []
        for path in file.map({ [$0] }) ?? bundles {
            guard let text = contents(of: path) else { continue }
            texts.append(text)
            break
        }
        if let folder {
            for path in folder.utf8.split(separator: UInt8(ascii: ":")) { texts += files(in: String(Substring(path))) }
        } else if texts.isEmpty, file == nil {
            for path in folders { texts += files(in: path) }
        }
        return CertificateList(lenient: texts)
    }

    private static func files(in folder: String) -> [[UInt8]] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var texts: [[UInt8]] = []
        while texts.count < maximumFiles, let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard !name.hasPrefix("."), let text = contents(of: "\(folder)/\(name)") else { continue }
            texts.append(text)
        }
        return texts
    }

    /// A regular file of at most 8 MiB.
    private static func contents(of path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 8 << 20
        else {
            return nil
        }
        let size = Int(status.st_size)
        var filled = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while filled < size {
                let got = unsafe read(descriptor, buffer.baseAddress?.advanced(by: filled), size - filled)
                if got <= 0 { break }
                filled += got
            }
            count = filled
        }
        return bytes.isEmpty ? nil : bytes
    }
}
