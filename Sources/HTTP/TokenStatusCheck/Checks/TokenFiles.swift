import CofferStore
import Glibc
import Logging
import Synchronization

/// The files of the original's data folder, read each time (compat/tokenstatuscheck.md 1.5). Nothing is written, nothing is kept.
final class TokenFiles: Sendable {
    private let folder: String
    private let logger: Logger
    private let warned = Mutex<Set<String>>([])

    static let accounts = "OfficialToken/deep_user.json"

    /// - Parameter folder: empty: there are none.
    init(folder: String, logger: Logger) {
        self.folder = folder
        self.logger = logger
    }

    var isUsed: Bool { !folder.isEmpty }

    /// The bytes; a file that is not there is an empty one. Waits for the disk.
    /// - Throws: where it is there and cannot be read, or is too long.
    func read(_ name: String) throws(TokenStatusCheckFailure) -> SecretBuffer {
        let path = "\(folder)/\(name)"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return SecretBuffer([]) }
            throw failure(name, String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw failure(name, "it is no plain file") }
        guard facts.st_size <= TokenStatusCheckBounds.file else { throw failure(name, "it is longer than \(TokenStatusCheckBounds.file) bytes") }
        if facts.st_mode & 0o077 != 0, warned.withLock({ $0.insert(name).inserted }) {
            logger.warning("others may read a file with tokens: its mode should be 0600", metadata: ["door": "tokenstatuscheck", "file": "\(name)"])
        }
        let limit = Int(facts.st_size)
        var count = 0
        let buffer = SecretBuffer(count: limit) { output in
            while count < limit {
                let got = Glibc.read(descriptor, output.baseAddress.map { $0 + count }, limit - count)
                if got > 0 { count += got } else if got == 0 || errno != EINTR { break }
            }
            // What an editor has cut off meanwhile is not there.
            if count < limit { UnsafeMutableRawBufferPointer(rebasing: output[count...]).initializeMemory(as: UInt8.self, repeating: 0x0A) }
        }
        return buffer
    }

    private func failure(_ name: String, _ reason: String) -> TokenStatusCheckFailure {
        logger.error("a token file cannot be read", metadata: ["door": "tokenstatuscheck", "file": "\(name)", "reason": "\(reason)"])
        return TokenStatusCheckFailure(503, "token_file_unreadable", retryAfter: TokenStatusCheckBounds.retryAfter)
    }
}
