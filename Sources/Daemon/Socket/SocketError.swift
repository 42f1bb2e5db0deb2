import Glibc

/// Why the socket door cannot open. The message names the path and the reason.
public struct SocketError: Error, CustomStringConvertible, Sendable {
    public enum Kind: Sendable {
        /// The path cannot be a socket's: too long, or its folder is missing.
        case path
        /// Somebody listens there, or something lies there that is not ours to remove.
        case inUse
        case permission
        case system
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    static func system(_ what: String, _ number: Int32) -> SocketError {
        let kind: Kind = switch number {
        case EACCES, EPERM, EROFS: .permission
        case ENAMETOOLONG, ENOENT, ENOTDIR: .path
        case EADDRINUSE: .inUse
        default: .system
        }
        return SocketError(kind, "\(what): \(String(cString: strerror(number)))")
    }
}
