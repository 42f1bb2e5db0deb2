import CofferStore
import Glibc
import Testing

@testable import CofferDaemon

/// Accounts of the tests' own.
struct MadeUpAccounts: AccountDirectory {
    var accounts: [String: UInt32] = ["alice": 1001, "bob": 1002]
    var groupNames: [String: UInt32] = ["staff": 100, "wheel": 10]
    var memberships: [UInt32: AccountGroups] = [1001: AccountGroups(primary: 100, all: [10, 100])]
    var failure: Int32?

    func account(named name: String) throws(AccountDirectoryError) -> UInt32? {
        if let failure { throw AccountDirectoryError(code: failure) }
        return accounts[name]
    }

    func group(named name: String) throws(AccountDirectoryError) -> UInt32? {
        if let failure { throw AccountDirectoryError(code: failure) }
        return groupNames[name]
    }

    func groups(ofAccount uid: UInt32) throws(AccountDirectoryError) -> AccountGroups? { memberships[uid] }
}

/// Files of the tests' own: those in `trusted` only root can write.
struct MadeUpFiles: FileFacts {
    var files: [String: Principal.Executable] = [:]
    var distrusted: Set<String> = []

    func executable(at path: String) -> Principal.Executable? { files[path] }
    func distrust(ofPath path: String) -> String? { distrusted.contains(path) ? "others than root can write it" : nil }
}

let everywhere = MachineFacts(hasSystemSlice: true, doors: ["socket", "http"])

func parse(_ source: String, machine: MachineFacts = everywhere) -> Result<[ParsedPolicy], PolicyErrors> {
    PolicySource.parse(Array(source.utf8), directory: MadeUpAccounts(), machine: machine) { ["main": 1, "other": 7][$0] }
}

func errors(_ source: String) -> [String] {
    switch parse(source) {
    case .success: []
    case .failure(let errors): errors.errors.map(\.description)
    }
}

/// A snapshot of one policy with these rules.
func snapshot(_ rules: [ResolvedRule], files: any FileFacts = MadeUpFiles(), administrators: Set<UInt32> = [0]) -> PolicySnapshot {
    let policy = StoredPolicy(name: Array("p".utf8), source: [], rules: rules)
    return PolicySnapshot(policies: [policy], revision: 1, administrators: administrators, files: files)
}

func rule(
    _ who: [[ResolvedSelector]], tenant: TenantID = 1, noun: Noun = .secret, actions: [Action] = [.get], names: [String]
) throws -> ResolvedRule {
    ResolvedRule(who: who, tenant: tenant, noun: noun, actions: actions, names: try names.map { try Glob($0.utf8, noun: noun) })
}

func allows(_ principalClass: PrincipalClass, _ name: String, _ noun: Noun = .secret, _ action: Action = .get, tenant: TenantID = 1) -> Bool {
    Array(name.utf8).withUnsafeBytes { principalClass.allows(noun, action, tenant: tenant, name: $0) }
}

/// What the compiled rules say about one name.
func compiled(_ patterns: [String], allow name: String) -> Bool {
    guard let rule = try? rule([[.any]], names: patterns) else { return false }
    return allows(PrincipalClass(rules: [rule], isAdministrator: false, checksSender: false), name)
}

/// A folder that is gone after the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/coffer-access-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw AccessTestError.system(errno) }
        path = template.withUnsafeBufferPointer { buffer in
            String(decoding: buffer.dropLast().lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    deinit {
        for entry in created.reversed() { remove(entry) }
        remove(path)
    }

    /// To be removed with the folder, in reverse order.
    private(set) var created: [String] = []

    func link(_ name: String, to target: String) throws -> String {
        let full = "\(path)/\(name)"
        if symlink(target, full) != 0 { throw AccessTestError.system(errno) }
        created.append(full)
        return full
    }

    func folder(_ name: String) throws -> String {
        let full = "\(path)/\(name)"
        if mkdir(full, 0o755) != 0 { throw AccessTestError.system(errno) }
        created.append(full)
        return full
    }

    @discardableResult
    func file(_ name: String, _ content: [UInt8], mode: mode_t = 0o755) throws -> String {
        let full = "\(path)/\(name)"
        let fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard fd >= 0 else { throw AccessTestError.system(errno) }
        defer { close(fd) }
        created.append(full)
        guard write(fd, content, content.count) == content.count else { throw AccessTestError.system(errno) }
        return full
    }
}

enum AccessTestError: Error { case system(Int32) }
