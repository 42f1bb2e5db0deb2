import CofferStore
import Glibc

/// What this machine can tell about callers: why a rule can never match here (formats.md 13). Only for reports; access is
/// decided by the facts of each caller.
public struct MachineFacts: Sendable {
    /// systemd runs here and services have cgroups of their own.
    public var hasSystemSlice: Bool
    /// The doors that are open.
    public var doors: Set<String>
    public var files: any FileFacts

    public init(hasSystemSlice: Bool, doors: Set<String> = [Principal.socketDoor], files: any FileFacts = SystemFiles()) {
        self.hasSystemSlice = hasSystemSlice
        self.doors = doors
        self.files = files
    }

    public static func current(doors: Set<String> = [Principal.socketDoor]) -> MachineFacts {
        MachineFacts(hasSystemSlice: access("/sys/fs/cgroup/system.slice", F_OK) == 0, doors: doors)
    }

    /// One reason for each condition that nobody can meet here, each once.
    func obstacles(to rule: ResolvedRule) -> [String] {
        var result: [String] = []
        func add(_ reason: String) {
            if !result.contains(reason) { result.append(reason) }
        }
        for alternative in rule.who {
            if Set(alternative.filter(\.isUID)).count > 1 { add("a caller has only one uid: '\(Self.list(alternative))' never matches") }
            for selector in alternative {
                if let reason = obstacle(to: selector, in: alternative) { add("\(selector) never matches here: \(reason)") }
            }
        }
        if rule.noun.isSingle, !rule.names.isEmpty, !rule.names.contains(where: { $0.matches([]) }) {
            add("noun '\(rule.noun.rawValue)' has no names: leave 'names' out")
        }
        return result
    }

    private func obstacle(to selector: ResolvedSelector, in alternative: [ResolvedSelector]) -> String? {
        switch selector {
        case .executable(let path):
            if files.executable(at: path) == nil { return "there is no such file" }
            return files.distrust(ofPath: path)
        case .unit(let path):
            if path.utf8.starts(with: "user-".utf8) {
                return alternative.contains(where: \.isUID) ? nil : "a user's own unit counts only together with a uid"
            }
            return hasSystemSlice ? nil : "there is no system.slice on this machine"
        case .door(let name):
            return doors.contains(name) ? nil : "this door is not open"
        case .login, .role, .token:
            return doors == [Principal.socketDoor] ? "no open door knows logins, roles or tokens" : nil
        case .uid, .gid, .any:
            return nil
        }
    }

    private static func list(_ selectors: [ResolvedSelector]) -> String { selectors.map(\.description).joined(separator: ", ") }
}
