/// When which credential is refreshed by itself: an order by due time within each provider, so that a slow upstream holds up nobody
/// else's. Nothing here looks at all credentials. Without I/O.
struct RefreshPlan: Sendable {
    struct Entry: Equatable, Sendable {
        var due: UInt64
        /// The provider's name.
        var lane: String
    }

    private var entries: [UInt64: Entry] = [:]
    private var lanes: [String: DueHeap] = [:]

    var count: Int { entries.count }

    func entry(of number: UInt64) -> Entry? { entries[number] }

    /// - Parameter entry: `nil`: it is not planned any more.
    mutating func set(_ number: UInt64, _ entry: Entry?) {
        guard entries[number] != entry else { return }
        if let old = entries.removeValue(forKey: number) { lanes[old.lane]?.live -= 1 }
        guard let entry else { return }
        entries[number] = entry
        lanes[entry.lane, default: DueHeap()].push(entry.due, number)
        compact(entry.lane)
    }

    /// Takes out who is due, the earliest first.
    /// - Parameter room: how many more of a provider may run.
    mutating func take(at now: UInt64, limit: Int, room: (String) -> Int) -> [(number: UInt64, lane: String)] {
        var taken: [(due: UInt64, number: UInt64, lane: String)] = []
        for lane in lanes.keys.sorted() {
            var left = min(room(lane), limit)
            while left > 0, let first = first(of: lane), first.due <= now {
                set(first.number, nil)
                taken.append((first.due, first.number, lane))
                left -= 1
            }
        }
        taken.sort { ($0.due, $0.number) < ($1.due, $1.number) }
        // What is beyond the limit goes back: it is as due as before.
        for extra in taken.dropFirst(limit) { set(extra.number, Entry(due: extra.due, lane: extra.lane)) }
        return taken.prefix(limit).map { ($0.number, $0.lane) }
    }

    /// The earliest of all, or of those whose provider has room.
    mutating func next(where hasRoom: (String) -> Bool = { _ in true }) -> (number: UInt64, due: UInt64)? {
        var best: (number: UInt64, due: UInt64)?
        for lane in lanes.keys where hasRoom(lane) {
            guard let first = first(of: lane) else { continue }
            if best.map({ (first.due, first.number) < ($0.due, $0.number) }) ?? true { best = first }
        }
        return best
    }

    /// Drops what was planned otherwise meanwhile.
    private mutating func first(of lane: String) -> (number: UInt64, due: UInt64)? {
        while let top = lanes[lane]?.top {
            if let entry = entries[top.number], entry.lane == lane, entry.due == top.due { return (top.number, top.due) }
            lanes[lane]?.pop()
        }
        lanes[lane] = nil
        return nil
    }

    /// Changes leave what they replaced in the heap: it is built anew when most of it is such.
    private mutating func compact(_ lane: String) {
        guard let heap = lanes[lane], heap.count > 64, heap.count > 2 * heap.live else { return }
        var fresh = DueHeap()
        for (number, entry) in entries where entry.lane == lane { fresh.push(entry.due, number) }
        lanes[lane] = fresh
    }
}

/// A binary heap, the earliest on top.
private struct DueHeap: Sendable {
    private var items: [(due: UInt64, number: UInt64)] = []
    /// Entries that are still meant, at most ``count``.
    var live = 0

    var count: Int { items.count }
    var top: (due: UInt64, number: UInt64)? { items.first }

    mutating func push(_ due: UInt64, _ number: UInt64) {
        live += 1
        items.append((due, number))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child] < items[parent] else { return }
            items.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() {
        guard let last = items.popLast(), !items.isEmpty else { return }
        items[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child] < items[least] { least = child }
            guard least != parent else { return }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
