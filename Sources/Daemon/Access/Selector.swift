/// One condition on who is calling, as people write it in a policy, after `--as` and in the audit (formats.md 13).
/// Names of accounts and groups are still names here: ``ResolvedSelector`` has numbers.
public enum Selector: Hashable, Sendable {
    case uid(UInt32)
    /// Primary or supplementary: a process may make any of its groups its primary one.
    case gid(UInt32)
    case account(String)
    case group(String)
    /// The whole cgroup path below `system.slice`, or below `user.slice`.
    case unit(String)
    /// An absolute path.
    case executable(String)
    case login(String)
    case role(String)
    case token(String)
    case door(String)
    case any

    /// The words before the colon, in the order in which messages list them.
    static let words = ["uid:", "gid:", "account:", "group:", "unit:", "exe:", "login:", "role:", "token:", "door:", "any"]

    /// Longest value of a selector other than an executable, in bytes.
    static let maximumLength = 1024
    /// Longest path of an executable, in bytes (PATH_MAX less the NUL).
    static let maximumPathLength = 4095

    public init(_ text: String) throws(SelectorError) {
        if text == "any" {
            self = .any
            return
        }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw .unknown(text) }
        let word = text[..<colon]
        let value = String(text[text.utf8.index(after: colon)...])
        if value.isEmpty { throw .noValue(text) }
        if value.utf8.count > (word == "exe" ? Self.maximumPathLength : Self.maximumLength) { throw .tooLong(text) }
        if value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw .controlCharacter(text) }
        switch word {
        case "uid": self = .uid(try Self.number(value, of: text))
        case "gid": self = .gid(try Self.number(value, of: text))
        // People type `user:`, the word of most other tools.
        case "account", "user": self = .account(value)
        case "group": self = .group(value)
        case "unit":
            guard Self.isPath(value) else { throw .badUnit(text) }
            self = .unit(value)
        case "exe":
            guard value.utf8.first == UInt8(ascii: "/"), Self.isPath(value.dropFirst()) else { throw .badPath(text) }
            self = .executable(value)
        case "login": self = .login(value)
        case "role": self = .role(value)
        case "token": self = .token(value)
        case "door": self = .door(value)
        default: throw .unknown(text)
        }
    }

    /// A decimal id below 2^32 − 1, which the system reserves for "no id", in its one spelling: no sign, no leading zero.
    static func number(_ digits: String, of text: String) throws(SelectorError) -> UInt32 {
        guard let value = UInt32(digits), value != UInt32.max, String(value) == digits else { throw .badNumber(text) }
        return value
    }

    /// No empty, `.` or `..` segment: two spellings of one path would be two rules.
    private static func isPath(_ path: some StringProtocol) -> Bool {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { segment in
            !segment.isEmpty && !segment.elementsEqual(".".utf8) && !segment.elementsEqual("..".utf8)
        }
    }
}

extension Selector: CustomStringConvertible {
    public var description: String {
        switch self {
        case .uid(let id): "uid:\(id)"
        case .gid(let id): "gid:\(id)"
        case .account(let name): "account:\(name)"
        case .group(let name): "group:\(name)"
        case .unit(let path): "unit:\(path)"
        case .executable(let path): "exe:\(path)"
        case .login(let name): "login:\(name)"
        case .role(let name): "role:\(name)"
        case .token(let name): "token:\(name)"
        case .door(let name): "door:\(name)"
        case .any: "any"
        }
    }
}
