import CLMDB
import Glibc

/// The one writer: a thread that groups the batches of concurrent callers into one transaction and one sync, and answers after it.
final class Writer: @unchecked Sendable {
    struct Job: Sendable {
        var batch: Batch
        var completion: @Sendable (Result<Receipt, StoreError>) -> Void
    }

    private enum Item {
        case batch(Job)
        case administration((WriterCore) -> Void)
    }

    /// Batches of one transaction: enough for one sync to serve many, few enough that the first does not wait long.
    private static let largestGroup = 1_024
    private static let largestGroupBytes = 8 << 20

    /// How long a group waits to become as large as the one before: its callers have just been answered, and most ask again at once.
    private static let gatheringMicroseconds = 200

    private let monitor = Monitor()
    private var queue: [Item] = []
    /// So many items wake the writer; more than one while a group gathers.
    private var wanted = 1
    /// Batches of the last group.
    private var lastGroup = 0
    private var stopping = false
    private var thread: WorkerThread?
    private let core: WriterCore

    init(core: WriterCore) throws(StoreError) {
        self.core = core
        thread = try WorkerThread(name: "coffer-writer") { [weak self] in self?.run() }
    }

    func submit(_ job: Job) {
        let accepted: Bool = monitor.locked {
            guard !stopping else { return false }
            queue.append(.batch(job))
            if queue.count == wanted { monitor.signal() }
            return true
        }
        if !accepted { job.completion(.failure(StoreError(.failed, "the store is closed"))) }
    }

    /// Runs `body` on the writer's thread behind what was submitted before, and waits for it. It does not run after ``stop()``.
    /// - Returns: whether it ran.
    @discardableResult
    func administer(_ body: @escaping (WriterCore) -> Void) -> Bool {
        if monitor.locked({ thread?.isCurrent ?? false }) {
            // A listener or a completion asks: waiting for itself would never end.
            body(core)
            return true
        }
        let done = Monitor()
        nonisolated(unsafe) var finished = false
        let accepted: Bool = monitor.locked {
            guard !stopping else { return false }
            queue.append(.administration { core in
                body(core)
                done.locked {
                    finished = true
                    done.signal()
                }
            })
            monitor.signal()
            return true
        }
        guard accepted else { return false }
        done.locked { while !finished { done.wait() } }
        return true
    }

    /// Finishes what was submitted.
    func stop() {
        let thread = monitor.locked {
            stopping = true
            monitor.signal()
            defer { self.thread = nil }
            return self.thread
        }
        thread?.joinUnlessCurrent()
    }

    private func run() {
        while let items = take() {
            if core.reopeningIsDue { core.reopen() }
            // Also under a load that never pauses; outside of the lock that callers wait for.
            if core.counterIsDue { core.writeCounter() }
            var group: [Job] = []
            for item in items {
                switch item {
                case .batch(let job): group.append(job)
                case .administration(let body):
                    commit(&group)
                    body(core)
                }
            }
            commit(&group)
        }
        core.writeCounter()
        core.heldOwner = nil
    }

    private func commit(_ group: inout [Job]) {
        guard !group.isEmpty else { return }
        core.commit(group)
        group.removeAll()
    }

    /// The next group; an empty one when only the counter or the file is due; `nil`: stopped.
    private func take() -> [Item]? {
        monitor.locked {
            while queue.isEmpty {
                if stopping { return nil }
                guard let wait = core.idleWait else {
                    monitor.wait()
                    continue
                }
                if wait == 0 { return [] }
                monitor.wait(milliseconds: wait)
            }
            gather()
            var count = 0
            var bytes = 0
            for item in queue {
                if case .batch(let job) = item { bytes += job.batch.valueBytes }
                if count > 0 && (bytes > Self.largestGroupBytes || count >= Self.largestGroup) { break }
                count += 1
            }
            let items = Array(queue[..<count])
            queue.removeSubrange(..<count)
            // Those that stay behind are a group already.
            wanted = 1
            lastGroup = count
            return items
        }
    }

    /// Lets the group of those who were answered together come together again: half of them each time would cost twice the syncs.
    /// Whoever writes alone waits for nobody.
    private func gather() {
        guard lastGroup > 1, queue.count < lastGroup, !stopping else { return }
        wanted = lastGroup
        let end = Clock.monotonicMicroseconds + Self.gatheringMicroseconds
        while queue.count < lastGroup, !stopping {
            let left = end - Clock.monotonicMicroseconds
            guard left > 0 else { break }
            monitor.wait(microseconds: left)
        }
        wanted = 1
    }
}

extension Batch {
    var valueBytes: Int {
        mutations.reduce(0) { sum, mutation in
            switch mutation {
            case .put(let new), .bring(let new): sum + new.value.count
            case .putDocument(_, _, let bytes, _): sum + bytes.count
            case .budget(let step): sum + step.line.count
            default: sum
            }
        }
    }
}
