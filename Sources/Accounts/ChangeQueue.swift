import Dispatch

/// Changes of all nouns, one after the other: what a job checks against memory cannot move before its commit.
///
/// A job may block (it commits); no event loop waits for it, and reads do not come by here.
public final class ChangeQueue: Sendable {
    private let queue = DispatchQueue(label: "coffer.accounts")

    public init() {}

    /// Runs `job` behind the jobs before it.
    public func run<T: Sendable>(_ job: @escaping @Sendable () throws(AccountError) -> T) async throws(AccountError) -> T {
        let result: Result<T, AccountError> = await withCheckedContinuation { continuation in
            run(job) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// The same with a callback, which runs on the queue and must not block.
    public func run<T: Sendable>(
        _ job: @escaping @Sendable () throws(AccountError) -> T, completion: @escaping @Sendable (Result<T, AccountError>) -> Void
    ) {
        queue.async {
            do throws(AccountError) { completion(.success(try job())) } catch { completion(.failure(error)) }
        }
    }

    /// Runs `job` behind the jobs before it and waits. Never on the queue itself, and not on a loop.
    func runAndWait(_ job: () -> Void) { queue.sync(execute: job) }
}
