import Dispatch
import Synchronization

/// Argon2id takes 64 MiB and some 60 ms: it runs one at a time, off every loop, behind a short queue (formats.md 19).
final class PasswordQueue: Sendable {
    /// Jobs that may wait while one runs.
    static let waiting = 8

    private let queue = DispatchQueue(label: "coffer.passwords", qos: .userInitiated)
    /// The running job and those behind it.
    private let count = Mutex(0)

    /// Jobs that run or wait.
    var length: Int { count.withLock { $0 } }

    /// - Throws: `busy` when the queue is full; what `job` throws.
    func run<T: Sendable>(_ job: @escaping @Sendable () throws(AccountError) -> T) async throws(AccountError) -> T {
        let accepted = count.withLock { count in
            guard count <= Self.waiting else { return false }
            count += 1
            return true
        }
        guard accepted else { throw AccountError(.busy, "", "too many passwords are being checked; try again") }
        let result: Result<T, AccountError> = await withCheckedContinuation { continuation in
            queue.async { [self] in
                let result: Result<T, AccountError>
                do throws(AccountError) { result = .success(try job()) } catch { result = .failure(error) }
                count.withLock { $0 -= 1 }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }
}
