/// What a condition says about a caller. "Unknown" counts as "no" when access is decided and is told by `explain`.
enum SelectorVerdict: Hashable, Sendable {
    case holds
    case fails
    /// A fact of the caller is missing, or one of this machine; the text says which.
    case unknown(String)
}

extension ResolvedSelector {
    var isUID: Bool { if case .uid = self { true } else { false } }
    var isExecutable: Bool { if case .executable = self { true } else { false } }

    /// - Parameter hasUID: the same alternative also names a uid: only then does a user's own unit count.
    func judge(_ principal: Principal, hasUID: Bool, files: any FileFacts) -> SelectorVerdict {
        switch self {
        case .any: return .holds
        case .uid(let id):
            if principal.uid == Principal.unknownID { return .unknown("uid is unknown here") }
            return id == principal.uid ? .holds : .fails
        case .gid(let id):
            if principal.gid == id || principal.groups.contains(id) { return id == Principal.unknownID ? .fails : .holds }
            return principal.gid == Principal.unknownID ? .unknown("groups are unknown here") : .fails
        case .unit(let path):
            if let unit = principal.unit, Self.same(unit, path) { return .holds }
            if let unit = principal.userUnit, Self.same(unit, path) {
                return hasUID ? .holds : .unknown("unit:\(path) is a user's own unit and counts only together with a uid")
            }
            return principal.unit == nil && principal.userUnit == nil ? .unknown("unit is unknown here") : .fails
        case .executable(let path): return Self.judge(path, principal.executable, files)
        case .login(let name): return Self.judge(name, principal.login, "login")
        case .role(let name): return principal.roles.contains { Self.same($0, name) } ? .holds : .fails
        case .token(let name): return Self.judge(name, principal.token, "token")
        case .door(let name): return Self.same(principal.door, name) ? .holds : .fails
        }
    }

    /// The file that runs must be the file at the path, and nobody but root may be able to put another one there.
    private static func judge(_ path: String, _ running: Principal.Executable?, _ files: any FileFacts) -> SelectorVerdict {
        guard let running else { return .unknown("exe is unknown here: reading it needs a capability, or the caller has ended") }
        // First: a distrusted path must not even be compared.
        if let reason = files.distrust(ofPath: path) { return .unknown("exe:\(path) never matches: \(reason)") }
        guard let file = files.executable(at: path) else { return .unknown("exe:\(path) never matches: there is no such file") }
        return file.device == running.device && file.inode == running.inode ? .holds : .fails
    }

    private static func judge(_ wanted: String, _ fact: String?, _ what: String) -> SelectorVerdict {
        guard let fact else { return .unknown("\(what) is unknown here") }
        return same(wanted, fact) ? .holds : .fails
    }

    /// On bytes: Swift compares strings by canonical equivalence (formats.md 12).
    private static func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}

/// Whether a rule's `who` holds for a caller, and what it took.
struct WhoVerdict: Sendable {
    var holds = false
    /// An alternative that holds names an executable: each message's sender must be the opener (formats.md 14).
    var usesExecutable = false
    /// Why alternatives that name unknown facts did not hold.
    var unknown: [String] = []

    init(_ who: [[ResolvedSelector]], _ principal: Principal, files: any FileFacts) {
        for alternative in who where !alternative.isEmpty {
            let hasUID = alternative.contains(where: \.isUID)
            var reasons: [String] = []
            var fails = false
            // Executables last: they cost system calls, and what is unknown matters only where everything else holds.
            for selector in alternative.filter({ !$0.isExecutable }) + alternative.filter(\.isExecutable) where !fails {
                switch selector.judge(principal, hasUID: hasUID, files: files) {
                case .holds: break
                case .fails: fails = true
                case .unknown(let reason): reasons.append(reason)
                }
            }
            if fails { continue }
            guard reasons.isEmpty else {
                unknown += reasons
                continue
            }
            holds = true
            if alternative.contains(where: \.isExecutable) { usesExecutable = true }
        }
    }
}
