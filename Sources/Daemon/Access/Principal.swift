/// Who is calling, as captured once at accept (formats.md 14): plain values, nothing of them is looked up later.
/// A fact that cannot be had is nil (or ``unknownID``) and matches no rule.
public struct Principal: Hashable, Sendable {
    /// (uid_t)-1: no account ever has it, no selector can name it.
    public static let unknownID = UInt32.max
    /// The door of the native protocol.
    public static let socketDoor = "socket"

    public var uid: UInt32
    public var gid: UInt32
    /// Supplementary groups, sorted.
    public var groups: [UInt32]
    /// 0 when it is unknown or of another pid namespace.
    public var pid: Int32
    /// The cgroup path below `system.slice`.
    public var unit: String?
    /// The cgroup path below `user.slice`: only as strong as the uid beside it, since users make their own units.
    public var userUnit: String?
    public var executable: Executable?
    public var door: String
    public var login: String?
    public var roles: [String]
    public var token: String?
    /// A user of role root, whom a door has authenticated: administers as uid 0 does.
    public var administers = false
    /// Of HTTP callers, for the audit log; no rule asks for it.
    public var address = ""

    public init(
        uid: UInt32 = unknownID, gid: UInt32 = unknownID, groups: [UInt32] = [], pid: Int32 = 0,
        unit: String? = nil, userUnit: String? = nil, executable: Executable? = nil,
        door: String = socketDoor, login: String? = nil, roles: [String] = [], token: String? = nil
    ) {
        self.uid = uid
        self.gid = gid
        self.groups = groups.sorted()
        self.pid = pid
        self.unit = unit
        self.userUnit = userUnit
        self.executable = executable
        self.door = door
        self.login = login
        self.roles = roles
        self.token = token
    }

    /// How the store and the audit log write it down.
    var selector: String { login.map { "login:\($0)" } ?? "uid:\(uid)" }

    /// A running program: what identifies it, and its path for messages (which identifies nothing).
    public struct Executable: Hashable, Sendable {
        public var device: UInt64
        public var inode: UInt64
        public var path: String

        public init(device: UInt64, inode: UInt64, path: String) {
            self.device = device
            self.inode = inode
            self.path = path
        }
    }

    /// What is known, as selectors, for messages and the audit: uid first, then ever more specific.
    public var selectors: [String] {
        var result: [String] = []
        if uid != Self.unknownID { result.append("uid:\(uid)") }
        if gid != Self.unknownID { result.append("gid:\(gid)") }
        for group in groups where group != gid { result.append("group:\(group)") }
        if let unit { result.append("unit:\(unit)") }
        if let userUnit { result.append("unit:\(userUnit)") }
        if let executable { result.append("exe:\(executable.path)") }
        if let login { result.append("login:\(login)") }
        for role in roles { result.append("role:\(role)") }
        if let token { result.append("token:\(token)") }
        result.append("door:\(door)")
        return result
    }
}
