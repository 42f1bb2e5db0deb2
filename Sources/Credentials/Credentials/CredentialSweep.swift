import CofferAccounts
import CofferStore
import Synchronization

extension CredentialService {
    /// Credentials that one commit removes: other changes wait meanwhile.
    static let sweptAtOnce = 256

    /// Removes what was deleted longer ago than it can be brought back, a bounded part of it in one commit. On the change queue.
    /// - Returns: whether there may be more.
    @discardableResult
    func sweep() throws(CredentialError) -> Bool {
        try context.directory.requireReady()
        let (now, period) = (context.now, context.options.undeletePeriod)
        let old = context.directory.read { memory in
            memory.credentials.values.lazy.filter { credential in
                // The answer of a dial that is on its way is still written to it.
                credential.deleted != 0 && credential.deleted <= now && now - credential.deleted > period
                    && credential.state.phase != .claimed && credential.state.phase != .dialled
            }.prefix(Self.sweptAtOnce + 1).map { ($0.number, $0.tokens) }
        }
        var mutations: [Mutation] = []
        for (number, tokens) in old.prefix(Self.sweptAtOnce) {
            let name = try DocumentName.number(number)
            mutations.append(.deleteDocument(.credentials, name, expected: .any))
            for fact in tokens { mutations.append(.deleteDocument(.credentialTokens, try .token(number, fact.kind), expected: .any)) }
            for table in [DocumentTable.credentialStates, .credentialSecrets, .refreshJournal] {
                if try context.document(table, name) != nil { mutations.append(.deleteDocument(table, name, expected: .any)) }
            }
        }
        if !mutations.isEmpty { try context.commit(mutations, by: "coffer") }
        return old.count > Self.sweptAtOnce
    }
}

/// Sweeps once a day, and soon after a start or an unlock.
final class CredentialSweeper: Sendable {
    static let interval: UInt64 = 86_400_000
    /// After one that failed: the store may be full or read-only.
    static let pause: UInt64 = 3_600_000

    private let service: CredentialService
    private let timer = BeatTimer(label: "coffer.sweep", gap: 1_000)
    /// Unix milliseconds: not before then. 0: at once.
    private let next = Mutex<UInt64>(0)

    init(service: CredentialService) { self.service = service }

    func start() { timer.start { [weak self] in self?.beat() } }
    func stop() { timer.stop() }

    /// - Returns: milliseconds until the next look; `nil`: in a minute. A clock that was set, or a lock that was opened, is noticed then.
    func beat() -> UInt64? {
        let now = service.context.now
        let planned = next.withLock { $0 }
        // A clock that went back must not put it off for ever.
        guard now >= planned || planned - now > Self.interval else { return nil }
        var result: Result<Bool, CredentialError> = .success(false)
        service.context.queue.runAndWait {
            result = Result { () throws(CredentialError) in try service.sweep() }
        }
        switch result {
        case .success(let hasMore):
            next.withLock { $0 = hasMore ? now : now + Self.interval }
            // Others get their turn on the queue in between.
            return hasMore ? 0 : nil
        case .failure(let error):
            if error.code != .locked { next.withLock { $0 = now + Self.pause } }
            return nil
        }
    }
}
