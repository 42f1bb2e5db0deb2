import CofferStore
import Synchronization

/// Tenants, users, memberships, access tokens and the doors' values in memory, behind one lock that nobody holds for long.
///
/// It is what the store holds: only ``DirectoryLoader`` writes it, told by the store's commits (the one exception is a token's last use).
final class Directory: Sendable {
    private let state = Mutex(DirectoryState())

    func read<T: Sendable>(_ body: (borrowing DirectoryState) -> T) -> T { state.withLock { body($0) } }
    func change<T: Sendable>(_ body: (inout sending DirectoryState) -> sending T) -> T { state.withLock { body(&$0) } }

    var isLocked: Bool { read { $0.phase != .ready } }
    /// Whether the store is open and memory could not be filled.
    var hasFailed: Bool {
        read { state in
            if case .failed = state.phase { true } else { false }
        }
    }

    /// - Throws: `locked`, or why memory could not be filled.
    func requireReady() throws(AccountError) {
        switch read({ $0.phase }) {
        case .ready: return
        case .locked: throw .isLocked
        case .failed(let error): throw AccountError(.failed, "", "the accounts could not be read: \(error.message)")
        }
    }

    func tenant(_ number: TenantID) -> Tenant? { read { $0.tenants[number] } }
    func user(_ number: UInt64) -> User? { read { $0.users[number] } }
    func membership(_ key: MembershipKey) -> Membership? { read { $0.memberships[key] } }

    /// - Throws: `notFound`.
    func existingTenant(_ number: TenantID) throws(AccountError) -> Tenant {
        guard let tenant = tenant(number) else { throw AccountError(.notFound, "tenant", "there is no such tenant") }
        return tenant
    }

    /// - Throws: `notFound`.
    func existingUser(_ number: UInt64) throws(AccountError) -> User {
        guard let user = user(number) else { throw AccountError(.notFound, "user", "there is no such user") }
        return user
    }

    // MARK: Sequences, on the change queue

    /// The last number that a sequence gave; 0 none. Tenants begin behind `main`.
    func last(_ sequence: Sequences) -> UInt64 {
        let stored = read { $0.sequences[sequence] ?? 0 }
        return sequence == .tenant ? max(stored, TenantID.main) : stored
    }

    /// The next number. It is taken when the batch that holds ``Sequences/mutation(last:)`` is committed.
    /// - Throws: `failed` when the numbers are used up.
    func next(_ sequence: Sequences) throws(AccountError) -> UInt64 {
        let last = last(sequence)
        // Numbers of APIs are Int64.
        guard last < UInt64(Int64.max) else { throw AccountError(.failed, "", "the sequence '\(sequence.rawValue)' is used up") }
        return last + 1
    }
}

extension Sequences {
    /// Belongs into the batch of what got the number.
    func mutation(last: UInt64) throws(AccountError) -> Mutation {
        .putDocument(.sequences, try .sequence(self), AccountDocuments.encode(sequence: last), expected: .any)
    }
}
