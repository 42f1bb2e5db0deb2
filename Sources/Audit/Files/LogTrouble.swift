import CofferStore
import Glibc

/// Why the log cannot be written.
struct LogTrouble: Error, Equatable, Sendable {
    enum Kind: Sendable {
        /// The disk refuses: it is tried again by itself.
        case unavailable
        /// What lies there is not what was written: somebody has to look, and `coffer audit repair` to begin anew.
        case broken
    }

    var kind: Kind
    var message: String

    static func broken(_ message: String) -> LogTrouble { LogTrouble(kind: .broken, message: message) }

    /// What `errno` says now.
    static func system(_ what: String) -> LogTrouble {
        let number = errno
        return LogTrouble(kind: .unavailable, message: "\(what): \(String(cString: strerror(number)))")
    }
}
