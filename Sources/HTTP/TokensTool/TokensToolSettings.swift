import CofferStore

/// What the TokensTool door is run with (compat/tokenstool.md, decisions 10, 15 and 18). What its page changes lies in the store.
public struct TokensToolSettings: Sendable {
    public enum Profile: String, Sendable, CaseIterable {
        /// The published text: lists of the public paths have tokens only, and a token that is not there is said to be missing.
        case document
        /// As v0.6.8: what is not there is a text in place of the token.
        case current
    }

    /// The Docker Engine that 监管容器 speaks with.
    public struct Containers: Sendable, Equatable {
        public enum Mode: String, Sendable, CaseIterable {
            case docker
            /// A program started by a shell, as the original can: refused with the reason.
            case releases
        }

        public var mode: Mode
        /// Absolute path of the Engine's Unix socket.
        public var socket: String
        /// Containers that may be started and stopped; empty: whichever the page names.
        public var names: [String]

        public init(mode: Mode = .docker, socket: String = "/var/run/docker.sock", names: [String] = []) {
            self.mode = mode
            self.socket = socket
            self.names = names
        }
    }

    public var profile: Profile = .document
    /// Absolute path of the folder with the compiled page; empty: `/` says where the administration is.
    public var web = ""
    /// What stands before every path, as `/tokensTool`; empty: nothing.
    public var prefix = ""
    /// `nil`: containers are not touched.
    public var containers: Containers?
    /// When everything is generated anew each day, `HH:MM`; empty: never by itself.
    public var regenerateAt = "02:00"
    /// IANA name for ``regenerateAt``, for times that are shown and for the midnight that clears the login log.
    public var timeZone = "UTC"
    /// Days that a login lasts, 1 to 3,650.
    public var sessionDays = 7
    /// Whether the proxy is told to read its files again after each change.
    public var hotReload = true
    /// Whether `?password=` counts; otherwise the password of the public paths must be a bearer token.
    public var queryPassword = true
    /// Origins whose pages may call this API, as `https://tokens.example.com`.
    public var origins: [String] = []
    /// Unix milliseconds.
    public var clock: @Sendable () -> UInt64 = { Store.systemClock() }

    public init() {}

    /// What the configuration is checked with.
    public static func isTimeZone(_ name: String) -> Bool { DoorTime.isZone(name) }
    public static func isContainerName(_ name: String) -> Bool { ContainerName.isValid(name) }

    /// Milliseconds.
    var sessionLifetime: UInt64 { UInt64(min(max(sessionDays, 1), 3_650)) * 86_400_000 }
}

/// Bounds of the door that no setting moves.
enum TokensToolBounds {
    /// Rows of one list.
    static let rows = 10_000
    /// Addresses that the login counters remember.
    static let addresses = 4_096
    /// Seconds after which to come back while the store is locked.
    static let retryAfter = 5
}
