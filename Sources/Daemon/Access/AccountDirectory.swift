import Glibc

/// The machine's accounts and groups: asked when a policy is applied and by `explain`, never at accept (formats.md 13).
public protocol AccountDirectory: Sendable {
    /// The uid of this account; nil when there is none.
    func account(named name: String) throws(AccountDirectoryError) -> UInt32?
    /// The gid of this group; nil when there is none.
    func group(named name: String) throws(AccountDirectoryError) -> UInt32?
    /// Primary and supplementary groups of this uid; nil when there is no such account.
    func groups(ofAccount uid: UInt32) throws(AccountDirectoryError) -> AccountGroups?
}

public struct AccountGroups: Hashable, Sendable {
    public var primary: UInt32
    /// Sorted; may hold the primary one.
    public var all: [UInt32]

    public init(primary: UInt32, all: [UInt32]) {
        self.primary = primary
        self.all = all
    }
}

/// The database could not answer, which is not "there is no such account".
public struct AccountDirectoryError: Error, Hashable, Sendable {
    public var code: Int32
    public init(code: Int32) { self.code = code }
}

/// What `getpwnam` and its relations say: `/etc/passwd` and whatever nsswitch adds. May block on a directory server.
public struct SystemAccounts: AccountDirectory {
    /// No entry of a sane database is larger.
    private static let maximumBuffer = 1 << 20
    private static let maximumGroups = 65_536

    public init() {}

    public func account(named name: String) throws(AccountDirectoryError) -> UInt32? {
        try Self.lookUp { buffer, size in
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = getpwnam_r(name, &entry, buffer, size, &found)
            return (code, found == nil ? nil : entry.pw_uid)
        }
    }

    public func group(named name: String) throws(AccountDirectoryError) -> UInt32? {
        try Self.lookUp { buffer, size in
            var entry = Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            let code = getgrnam_r(name, &entry, buffer, size, &found)
            return (code, found == nil ? nil : entry.gr_gid)
        }
    }

    public func groups(ofAccount uid: UInt32) throws(AccountDirectoryError) -> AccountGroups? {
        let account: (name: [CChar], gid: UInt32)? = try Self.lookUp { buffer, size in
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = getpwuid_r(uid, &entry, buffer, size, &found)
            guard found != nil, let name = entry.pw_name else { return (code, nil) }
            return (code, (Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)), entry.pw_gid))
        }
        guard let account else { return nil }
        var capacity: Int32 = 64
        while capacity <= Self.maximumGroups {
            var groups = [gid_t](repeating: 0, count: Int(capacity))
            var count = capacity
            if getgrouplist(account.name, account.gid, &groups, &count) >= 0 {
                return AccountGroups(primary: account.gid, all: groups.prefix(Int(count)).sorted())
            }
            capacity *= 2
        }
        throw AccountDirectoryError(code: ERANGE)
    }

    /// Repeats `ask` with a larger buffer while the entry does not fit.
    private static func lookUp<T>(
        _ ask: (UnsafeMutablePointer<CChar>, Int) -> (code: Int32, value: T?)
    ) throws(AccountDirectoryError) -> T? {
        var size = 4096
        while true {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            let (code, value) = ask(buffer, size)
            switch code {
            case 0: return value
            case ERANGE where size < maximumBuffer: size *= 4
            case EINTR: continue
            // What POSIX lets an implementation answer for "no such name".
            case ENOENT, ESRCH, EBADF, EPERM: return nil
            default: throw AccountDirectoryError(code: code)
            }
        }
    }
}
