import Glibc

/// The thread that takes record keys out of use: finds what they sealed, hands it to the writer in small steps, and drops them when
/// nothing names them. Sleeps while there is nothing to do.
final class Rekeyer: @unchecked Sendable {
    /// How often the age of the keys is looked at.
    private static let agePause = 3_600_000
    private static let shortestRetry = 1_000
    private static let longestRetry = 60_000

    private let monitor = Monitor()
    private weak var store: Store?
    private var thread: WorkerThread?
    private var isStopping = false
    private var isWanted = false
    private var isResting = false
    private var done: UInt64 = 0
    private var total: UInt64 = 0
    private var resealed: UInt64 = 0
    private var note = ""
    /// Only the thread looks at these.
    private var pass: RekeyPass?
    private var damage: StoreError?
    private var retryPause = Rekeyer.shortestRetry

    /// - Parameter store: is not kept.
    func serve(_ store: Store) { monitor.locked { self.store = store } }

    /// There may be something to do. The thread is started with the first call.
    func wake() {
        monitor.locked {
            guard let store, store.options.rekey.isAutomatic, !isStopping else { return }
            isWanted = true
            monitor.signal()
            guard thread == nil else { return }
            // Without a thread the old key stays: nothing is lost, and the next unlocking tries again.
            thread = try? WorkerThread(name: "coffer-rekey", isBackground: true) { [weak self] in self?.run() }
        }
    }

    func stop() {
        let thread = monitor.locked {
            isStopping = true
            monitor.signal()
            defer { self.thread = nil }
            return self.thread
        }
        thread?.joinUnlessCurrent()
    }

    /// How far it is, for ``Store/rekeyStatus()``.
    var progress: (done: UInt64, total: UInt64, resealed: UInt64, note: String) { monitor.locked { (done, total, resealed, note) } }

    /// Waits until there is nothing to do at the moment; at once where the thread never began.
    func waitUntilResting() {
        monitor.locked { while thread != nil && !isStopping && (isWanted || !isResting) { monitor.wait() } }
    }

    // MARK: Thread

    private func run() {
        var checksAge = true
        while true {
            if checksAge { store?.checkKeyAge() }
            // Cleared before the work: whoever wakes during it is not missed.
            let goesOn: Bool = monitor.locked {
                isWanted = false
                return !isStopping
            }
            guard goesOn else { return }
            var pause = 0
            while pause == 0 {
                pause = advance()
                if monitor.locked({ isStopping }) { return }
            }
            let woken = wait(pause)
            checksAge = pause == Self.agePause && !woken
        }
    }

    /// - Returns: whether somebody woke it.
    private func wait(_ pause: Int) -> Bool {
        let deadline = Clock.monotonic + pause
        return monitor.locked {
            // Behind a full disk and the like, too: whoever waits is told of it.
            isResting = pause == Self.agePause || !note.isEmpty
            monitor.signal()
            defer { isResting = false }
            while !isStopping && !isWanted {
                let left = deadline - Clock.monotonic
                if left <= 0 { return false }
                monitor.wait(milliseconds: left)
            }
            return true
        }
    }

    /// One slice of the work.
    /// - Returns: milliseconds until the next; 0: at once.
    private func advance() -> Int {
        guard let store, let keys = store.leavingKeys, !keys.leaving.isEmpty else {
            rest("")
            return Self.agePause
        }
        do throws(StoreError) {
            let began = Clock.monotonic
            let count = try slice(store, keys.leaving, keys.incarnation)
            retryPause = Self.shortestRetry
            guard let pass else { return 0 }
            monitor.locked { (done, total, note) = (min(pass.done, pass.total), pass.total, "") }
            if pass.isFinished { return try finish(store, pass) }
            let rate = store.options.rekey.recordsPerSecond
            guard rate > 0 else { return 0 }
            return max(Int(clamping: count * 1_000 / rate) - (Clock.monotonic - began), 0)
        } catch {
            if error.code == .locked {
                rest("")
                return Self.agePause
            }
            pass = nil
            if error.code == .resync { return 0 }
            monitor.locked { note = error.message }
            defer { retryPause = min(retryPause * 2, Self.longestRetry) }
            return retryPause
        }
    }

    private func rest(_ text: String) {
        pass = nil
        damage = nil
        monitor.locked { (done, total, note) = (0, 0, text) }
    }

    /// - Returns: how many records were sealed anew.
    private func slice(_ store: Store, _ leaving: Set<UInt32>, _ incarnation: [UInt8]) throws(StoreError) -> UInt64 {
        let places = try store.reading { (transaction) throws(StoreError) -> [RecordPlace] in
            if pass?.leaving != leaving || pass?.incarnation != incarnation {
                damage = nil
                pass = try RekeyPass(leaving: leaving, incarnation: incarnation, in: transaction)
            }
            return try pass?.next(in: transaction) ?? []
        }
        guard !places.isEmpty else { return 0 }
        let result = try store.administer { (core) throws(StoreError) in try core.reseal(places, leaving: leaving) }
        if let found = result.damage { damage = found }
        monitor.locked { resealed += result.count }
        return result.count
    }

    /// Behind the last record: the keys go, where a scan proves that nothing names them.
    private func finish(_ store: Store, _ finished: RekeyPass) throws(StoreError) -> Int {
        pass = nil
        if let damage {
            self.damage = nil
            monitor.locked { note = "the old key stays, since a record that it sealed does not open: \(damage.message)" }
            return Self.agePause
        }
        let proved = try store.reading { (transaction) throws(StoreError) in
            try RekeyPass.proves(finished.leaving, unusedIn: transaction)
        }
        guard proved else { return 0 }
        try store.administer { (core) throws(StoreError) in
            try core.drop(finished.leaving, provedIn: finished.incarnation)
        }
        return 0
    }
}
