import Dispatch

/// Changes of all nouns, one after the other: what a job checks against memory cannot move before its commit.
///
/// A job may block (it commits); no event loop waits for it, and reads do not come by here.
public final class ChangeQueue: Sendable {
    private let queue: DispatchQueue

    public init(label: String = "coffer.accounts") { queue = DispatchQueue(label: label) }

    /// Runs `job` behind the jobs before it.
    public func run<T: Sendable, Problem: Error>(_ job: @escaping @Sendable () throws(Problem) -> T) async throws(Problem) -> T {
        let result: Result<T, Problem> = await withCheckedContinuation { continuation in
            run(job) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// The same with a callback, which runs on the queue and must not block.
    public func run<T: Sendable, Problem: Error>(
        _ job: @escaping @Sendable () throws(Problem) -> T, completion: @escaping @Sendable (Result<T, Problem>) -> Void
    ) {
        queue.async {
            do throws(Problem) { completion(.success(try job())) } catch { completion(.failure(error)) }
        }
    }

    /// Runs `job` behind the jobs before it and waits. Never on the queue itself, and not on a loop.
    public func runAndWait(_ job: () -> Void) { queue.sync(execute: job) }
}
