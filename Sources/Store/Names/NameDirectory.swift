/// Where each page of names begins: the only part of the names that stays in memory (formats.md 6).
struct NameDirectory: Sendable {
    /// Ascending. The first page's is empty, so that every place has a page.
    private(set) var firsts: [NamePage.Place] = []
    private(set) var ids: [UInt64] = []

    var count: Int { ids.count }

    /// About what it takes in memory.
    var bytes: Int { firsts.reduce(0) { $0 + $1.count + 32 + 16 } + ids.count * 8 }

    init() {}

    /// From the first places and ids of all pages, in any order.
    init(pages: [(first: NamePage.Place, id: UInt64)]) {
        let sorted = pages.sorted { $0.first.lexicographicallyPrecedes($1.first) }
        firsts = sorted.map(\.first)
        ids = sorted.map(\.id)
        if !firsts.isEmpty { firsts[0] = [] }
    }

    /// Index of the page that holds `place`, or would; `nil` when there is no page at all.
    func index(of place: NamePage.Place) -> Int? {
        guard !firsts.isEmpty else { return nil }
        var low = 0
        var high = firsts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if place.lexicographicallyPrecedes(firsts[middle]) { high = middle } else { low = middle }
        }
        return low
    }

    mutating func insert(first: NamePage.Place, id: UInt64, at index: Int) {
        firsts.insert(index == 0 ? [] : first, at: index)
        ids.insert(id, at: index)
    }

    mutating func remove(at index: Int) {
        firsts.remove(at: index)
        ids.remove(at: index)
        if index == 0 && !firsts.isEmpty { firsts[0] = [] }
    }
}

/// The directory as writer and list worker share it. The writer publishes a new one in the same step as the commit that it belongs to, so
/// that whoever begins a transaction under the lock has the directory of exactly that transaction.
///
/// While it is being built no page of names changes, because the writer waits for it: what was built is of the present.
final class SharedDirectory: @unchecked Sendable {
    enum State {
        /// The store is locked or closed.
        case absent
        /// The worker is to build it; the number says for which unlocking.
        case expected(UInt64)
        case ready(NameDirectory)
        case failed(StoreError)
    }

    private let monitor = Monitor()
    private var state = State.absent
    private var epoch: UInt64 = 0

    /// Runs a commit; `body` returns the directory that holds from then on.
    func publish<E: Error>(_ body: () throws(E) -> NameDirectory?) throws(E) {
        try monitor.locked { () throws(E) in
            if let new = try body() { state = .ready(new) }
        }
    }

    /// Runs `begin` (renewing a read transaction) together with reading the directory.
    func snapshot<E: Error>(_ begin: () throws(E) -> Void) throws(E) -> State {
        try monitor.locked { () throws(E) in
            try begin()
            return state
        }
    }

    /// The store was unlocked, or another environment took its place (`change`, in the same step): a directory will come.
    func expect(_ change: () -> Void = {}) {
        monitor.locked {
            change()
            epoch += 1
            state = .expected(epoch)
        }
    }

    /// What the worker built, or why it could not; ignored when it was for an earlier unlocking.
    func settle(_ result: Result<NameDirectory, StoreError>, epoch built: UInt64) {
        monitor.locked {
            guard case .expected(let epoch) = state, epoch == built else { return }
            switch result {
            case .success(let directory): state = .ready(directory)
            case .failure(let error): state = .failed(error)
            }
            monitor.signal()
        }
    }

    /// The store was locked or closed.
    func drop() {
        monitor.locked {
            state = .absent
            monitor.signal()
        }
    }

    /// Waits for the directory; the writer needs it for its first new name.
    func waitUntilReady() throws(StoreError) -> NameDirectory {
        try monitor.locked { () throws(StoreError) in
            while true {
                switch state {
                case .ready(let directory): return directory
                case .failed(let error): throw error
                case .absent: throw StoreError(.locked, "the store is locked")
                case .expected: monitor.wait()
                }
            }
        }
    }

    private var present: NameDirectory? {
        monitor.locked { if case .ready(let directory) = state { directory } else { nil } }
    }

    var isReady: Bool { present != nil }
    var pages: Int { present?.count ?? 0 }
    var bytes: Int { present?.bytes ?? 0 }
}
