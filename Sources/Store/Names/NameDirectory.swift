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
final class SharedDirectory: @unchecked Sendable {
    private let monitor = Monitor()
    private var directory: NameDirectory?
    private var closed = false

    /// Runs a commit; `body` returns the directory that holds from then on.
    func publish<E: Error>(_ body: () throws(E) -> NameDirectory?) throws(E) {
        try monitor.locked { () throws(E) in
            if let new = try body() { directory = new }
        }
    }

    /// Runs `begin` (renewing a read transaction) together with reading the directory. `nil`: it does not stand yet.
    func snapshot<E: Error>(_ begin: () throws(E) -> Void) throws(E) -> NameDirectory? {
        try monitor.locked { () throws(E) in
            try begin()
            return directory
        }
    }

    func set(_ new: NameDirectory?) {
        monitor.locked {
            directory = new
            closed = new == nil && closed
            monitor.signal()
        }
    }

    /// Waits for the directory; the writer needs it for its first new name. `nil` after ``abandon()``.
    func waitUntilReady() -> NameDirectory? {
        monitor.locked {
            while directory == nil && !closed { monitor.wait() }
            return directory
        }
    }

    /// The directory will not come: building it failed, or the store closes.
    func abandon() {
        monitor.locked {
            closed = true
            directory = nil
            monitor.signal()
        }
    }

    func expect() { monitor.locked { closed = false } }

    var isReady: Bool { monitor.locked { directory != nil } }
    var pages: Int { monitor.locked { directory?.count ?? 0 } }
    var bytes: Int { monitor.locked { directory?.bytes ?? 0 } }
}
