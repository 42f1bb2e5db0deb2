import CofferStore
import CofferUpstream
import Synchronization

/// Credentials, pools, schedules, sinks and providers in memory, behind one lock that nobody holds for long. It is what the store holds: only
/// ``CredentialLoader`` writes it, told by the store's commits.
final class CredentialDirectory: Sendable {
    private let state = Mutex(CredentialMemory())

    func read<T: Sendable>(_ body: (borrowing CredentialMemory) -> T) -> T { state.withLock { body($0) } }
    func change<T: Sendable>(_ body: (inout sending CredentialMemory) -> sending T) -> T { state.withLock { body(&$0) } }

    var isLocked: Bool { read { $0.phase != .ready } }
    /// Whether the store is open and memory could not be filled.
    var hasFailed: Bool {
        read { memory in
            if case .failed = memory.phase { true } else { false }
        }
    }

    /// - Throws: `locked`, or why memory could not be filled.
    func requireReady() throws(CredentialError) {
        switch read({ $0.phase }) {
        case .ready: return
        case .locked: throw .isLocked
        case .failed(let error): throw CredentialError(.failed, "", "the credentials could not be read: \(error.message)")
        }
    }

    func credential(_ number: UInt64) -> Credential? { read { $0.credentials[number] } }

    /// The credential of this name that is not deleted.
    func credential(tenant: TenantID, name: [UInt8]) -> Credential? {
        read { memory in
            guard let number = memory.names[NameInTenant(tenant: tenant, bytes: name)] else { return nil }
            return memory.credentials[number]
        }
    }

    /// - Throws: `notFound`, also for a deleted one.
    func existing(_ number: UInt64) throws(CredentialError) -> Credential {
        guard let credential = credential(number), credential.deleted == 0 else {
            throw CredentialError(.notFound, "credential", "there is no such credential")
        }
        return credential
    }

    // MARK: Sequences, on the change queue

    /// The next number; taken when the batch that holds ``CredentialSequence/mutation(last:)`` is committed.
    func next(_ sequence: CredentialSequence) throws(CredentialError) -> UInt64 {
        let last = read { $0.sequences[sequence] ?? 0 }
        guard last < UInt64(Int64.max) else { throw CredentialError(.failed, "", "the sequence '\(sequence.rawValue)' is used up") }
        return last + 1
    }
}

struct NameInTenant: Hashable, Sendable {
    var tenant: TenantID
    var bytes: [UInt8]
}

extension CredentialSequence {
    /// Belongs into the batch of what got the number.
    func mutation(last: UInt64) throws(CredentialError) -> Mutation {
        .putDocument(.sequences, try .checked(rawValue), CredentialDocuments.write { $0.u64(last) }, expected: .any)
    }
}
