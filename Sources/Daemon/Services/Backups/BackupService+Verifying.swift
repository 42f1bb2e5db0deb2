import CofferAdmin
import CofferWire
import Dispatch
import Synchronization

extension BackupService: BackupVerifying {
    func verify(_ file: String) async throws(Failure) -> (ScheduledBackup, String?) {
        guard let keeper else { throw Failure(.notFound, "no scheduled backups are configured") }
        let isFree = isVerifying.withLock { isVerifying in
            defer { isVerifying = true }
            return !isVerifying
        }
        guard isFree else { throw Failure(.busy, "another backup is being verified", retry: .after(milliseconds: 1_000)) }
        let result: Result<(ScheduledBackup, String?), Failure> = await withCheckedContinuation { continuation in
            work.enter()
            let run: @Sendable () -> Void = { [self] in
                let found = Result { () throws(Failure) in
                    let (entry, problem) = try keeper.verify(file)
                    return (entry.message, problem)
                }
                isVerifying.withLock { $0 = false }
                continuation.resume(returning: found)
                work.leave()
            }
            do throws(SocketError) {
                _ = try LoopThread(name: "verify", detached: true, isBackground: true, body: run)
            } catch {
                isVerifying.withLock { $0 = false }
                continuation.resume(returning: .failure(Failure(.busy, "no thread could be started", retry: .after(milliseconds: 1_000))))
                work.leave()
            }
        }
        return try result.get()
    }
}
