import CofferAccounts
import CofferStore
import Synchronization

/// Commits what refreshes write. Jobs of several credentials that wait together share one commit: a disk syncs seldom, refreshes are many.
final class RefreshWriter: Sendable {
    private let context: CredentialContext
    private let waiting = Mutex<[Job]>([])

    /// Jobs in one commit.
    private static let most = 64

    init(context: CredentialContext) { self.context = context }

    /// Plans on the change queue, where nothing moves before the commit, and commits.
    /// - Parameter plan: what is to be written; nothing: nothing is committed.
    /// - Throws: what `plan` throws, or why it could not be committed; then `plan`'s value counts for nothing.
    func write<Value: Sendable>(
        _ number: UInt64, _ plan: @escaping @Sendable () throws(CredentialError) -> (Value, [Mutation])
    ) async throws(CredentialError) -> Value {
        let result: Result<Value, CredentialError> = await withCheckedContinuation { continuation in
            let planned = Mutex<Value?>(nil)
            add(Job(number: number, plan: { () throws(CredentialError) in
                let (value, mutations) = try plan()
                planned.withLock { $0 = value }
                return mutations
            }, finish: { error in
                if let error { return continuation.resume(returning: .failure(error)) }
                guard let value = planned.withLock({ $0 }) else {
                    return continuation.resume(returning: .failure(CredentialError(.failed, "", "nothing was planned")))
                }
                continuation.resume(returning: .success(value))
            }))
        }
        return try result.get()
    }

    private struct Job: Sendable {
        let number: UInt64
        let plan: @Sendable () throws(CredentialError) -> [Mutation]
        let finish: @Sendable (CredentialError?) -> Void
    }

    private func add(_ job: Job) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(job)
            return waiting.count == 1
        }
        if isFirst { begin() }
    }

    private func begin() {
        context.queue.run({ () throws(CredentialError) in self.commit(self.take()) }, completion: { _ in
            if self.waiting.withLock({ !$0.isEmpty }) { self.begin() }
        })
    }

    /// At most one job of a credential: the second one is planned on what the first has written.
    private func take() -> [Job] {
        waiting.withLock { waiting in
            var taken: [Job] = []
            var left: [Job] = []
            var numbers: Set<UInt64> = []
            for job in waiting {
                if taken.count < Self.most, numbers.insert(job.number).inserted { taken.append(job) } else { left.append(job) }
            }
            waiting = left
            return taken
        }
    }

    private func commit(_ jobs: [Job]) {
        var planned: [(job: Job, mutations: [Mutation])] = []
        for job in jobs {
            do throws(CredentialError) {
                let mutations = try job.plan()
                if mutations.isEmpty { job.finish(nil) } else { planned.append((job, mutations)) }
            } catch { job.finish(error) }
        }
        guard !planned.isEmpty else { return }
        do throws(CredentialError) {
            try context.commit(planned.flatMap(\.mutations), by: Self.principal)
            for entry in planned { entry.job.finish(nil) }
        } catch {
            guard planned.count > 1, error.code != .outcomeUnknown else {
                for entry in planned { entry.job.finish(error) }
                return
            }
            // One that cannot be written must not keep the others from it.
            for entry in planned { alone(entry.job, entry.mutations) }
        }
    }

    private func alone(_ job: Job, _ mutations: [Mutation]) {
        do throws(CredentialError) {
            try context.commit(mutations, by: Self.principal)
            job.finish(nil)
        } catch { job.finish(error) }
    }

    /// Who wrote it, for the store: the daemon by itself. Who asked stands in the history of states.
    static let principal = "coffer"
}
