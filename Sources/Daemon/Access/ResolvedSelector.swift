/// A selector as a stored policy has it: accounts and groups are numbers, fixed when the policy was applied, so that an
/// account made later under an old name inherits nothing.
public enum ResolvedSelector: Hashable, Sendable {
    case uid(UInt32)
    case gid(UInt32)
    case unit(String)
    case executable(String)
    case login(String)
    case role(String)
    case token(String)
    case door(String)
    case any

    /// - Throws: ``SelectorError`` for a name that the directory does not know or could not look up.
    public init(_ selector: Selector, directory: any AccountDirectory) throws(SelectorError) {
        switch selector {
        case .uid(let id): self = .uid(id)
        case .gid(let id): self = .gid(id)
        case .account(let name): self = .uid(try Self.account(name, selector, directory))
        case .group(let name): self = .gid(try Self.group(name, selector, directory))
        case .unit(let path): self = .unit(path)
        case .executable(let path): self = .executable(path)
        case .login(let name): self = .login(name)
        case .role(let name): self = .role(name)
        case .token(let name): self = .token(name)
        case .door(let name): self = .door(name)
        case .any: self = .any
        }
    }

    /// A name that no account has but that is a number stands for that number, as with chown.
    private static func account(_ name: String, _ selector: Selector, _ directory: any AccountDirectory) throws(SelectorError) -> UInt32 {
        do {
            if let id = try directory.account(named: name) { return id }
        } catch {
            throw .lookupFailed(selector.description, error.code)
        }
        guard let id = try? Selector.number(name, of: name) else { throw .noSuchAccount(selector.description) }
        return id
    }

    private static func group(_ name: String, _ selector: Selector, _ directory: any AccountDirectory) throws(SelectorError) -> UInt32 {
        do {
            if let id = try directory.group(named: name) { return id }
        } catch {
            throw .lookupFailed(selector.description, error.code)
        }
        guard let id = try? Selector.number(name, of: name) else { throw .noSuchGroup(selector.description) }
        return id
    }
}

extension ResolvedSelector: CustomStringConvertible {
    public var description: String {
        switch self {
        case .uid(let id): "uid:\(id)"
        case .gid(let id): "gid:\(id)"
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
