extension Principal {
    /// The caller that `explain --as` describes. With a uid, groups that were not given come from the account database;
    /// what was neither given nor found stays unknown.
    public init(
        selectors: [String], directory: any AccountDirectory = SystemAccounts(), files: any FileFacts = SystemFiles()
    ) throws(SelectorError) {
        self.init()
        var gaveDoor = false
        for text in selectors {
            let selector = try Selector(text)
            let resolved = try ResolvedSelector(selector, directory: directory)
            switch resolved {
            case .uid(let id): try Self.set(&uid, id, text)
            case .gid(let id):
                // The first is the primary one; `group:` never is.
                if case .gid = selector, gid == Self.unknownID { gid = id } else { groups.append(id) }
            case .unit(let path):
                // systemd names the slices below user.slice after their users.
                if path.utf8.starts(with: "user-".utf8) { try Self.set(&userUnit, path, text) } else { try Self.set(&unit, path, text) }
            case .executable(let path):
                if executable != nil { throw .twice(text) }
                executable = files.executable(at: path)
            case .login(let name): try Self.set(&login, name, text)
            case .role(let name): roles.append(name)
            case .token(let name): try Self.set(&token, name, text)
            case .door(let name):
                if gaveDoor { throw .twice(text) }
                gaveDoor = true
                door = name
            case .any: break
            }
        }
        try fillGroups(directory)
        groups.sort()
    }

    private mutating func fillGroups(_ directory: any AccountDirectory) throws(SelectorError) {
        guard uid != Self.unknownID, gid == Self.unknownID, groups.isEmpty else { return }
        do {
            guard let found = try directory.groups(ofAccount: uid) else { return }
            gid = found.primary
            groups = found.all
        } catch {
            throw .lookupFailed("uid:\(uid)", error.code)
        }
    }

    private static func set(_ fact: inout UInt32, _ value: UInt32, _ text: String) throws(SelectorError) {
        if fact != unknownID { throw .twice(text) }
        fact = value
    }

    private static func set(_ fact: inout String?, _ value: String, _ text: String) throws(SelectorError) {
        if fact != nil { throw .twice(text) }
        fact = value
    }
}
