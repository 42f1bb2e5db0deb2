import CofferAccounts
import CofferStore
import Synchronization

extension PoolService {
    /// Milliseconds between something learned of a member and its writing.
    static let savingDelay: UInt64 = 1_000

    /// Sees to it that what was learned is written soon: once for all that is learned until then.
    func scheduleSaving() {
        guard isRunning.load(ordering: .acquiring) else { return }
        let begins = memory.withLock { memory in
            guard !memory.isSaving, memory.pools.values.contains(where: { !$0.machine.changed.isEmpty }) else { return false }
            memory.isSaving = true
            return true
        }
        guard begins else { return }
        _ = context.options.alarm.after(Self.savingDelay) { [weak self] in
            guard let self else { return }
            context.queue.run({ [self] () throws(CredentialError) in try save() }, completion: { _ in })
        }
    }

    /// Writes what was learned. On the change queue.
    /// - Throws: what the store says; nothing is forgotten then, and it is tried again with whatever is learned next.
    func save() throws(CredentialError) {
        struct Learned {
            var pool: UInt64
            var credential: UInt64
            /// `nil`: nothing to remember.
            var health: MemberHealth?
            var isStored: Bool
        }
        let learned = memory.withLock { memory -> [Learned] in
            memory.isSaving = false
            var learned: [Learned] = []
            for number in memory.order {
                guard let entry = memory.pools[number], !entry.machine.changed.isEmpty else { continue }
                for credential in entry.machine.changed {
                    let health = entry.machine.member(credential)?.health
                    learned.append(Learned(
                        pool: number, credential: credential, health: health == MemberHealth() ? nil : health,
                        isStored: entry.stored.contains(credential)))
                }
                memory.pools[number]?.machine.changed = []
            }
            return learned
        }
        var mutations: [Mutation] = []
        do throws(CredentialError) {
            for one in learned {
                let name = try DocumentName.member(one.pool, one.credential)
                if let health = one.health {
                    mutations.append(.putDocument(.poolStates, name, PoolDocuments.encode(health), expected: .any))
                } else if one.isStored {
                    mutations.append(.deleteDocument(.poolStates, name, expected: .any))
                }
            }
            if !mutations.isEmpty { try context.commit(mutations, by: "coffer") }
        } catch {
            memory.withLock { memory in for one in learned { memory.pools[one.pool]?.machine.changed.insert(one.credential) } }
            throw error
        }
        memory.withLock { memory in
            for one in learned {
                if one.health != nil {
                    memory.pools[one.pool]?.stored.insert(one.credential)
                } else {
                    memory.pools[one.pool]?.stored.remove(one.credential)
                }
            }
        }
    }
}
