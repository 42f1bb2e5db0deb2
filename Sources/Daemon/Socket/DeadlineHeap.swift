/// The deadlines of waiting requests, the next one first.
struct DeadlineHeap {
    private var items: [(time: UInt64, handle: RequestHandle)] = []

    var first: UInt64? { items.first?.time }
    var count: Int { items.count }

    /// Forgets those whose requests are done: a caller may ask for deadlines that lie far away.
    mutating func keep(_ isAwaited: (RequestHandle) -> Bool) {
        // A sorted array is a heap.
        items = items.filter { isAwaited($0.handle) }.sorted { $0.time < $1.time }
    }

    mutating func insert(_ time: UInt64, _ handle: RequestHandle) {
        items.append((time, handle))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child].time < items[parent].time else { break }
            items.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out the first whose time has come.
    mutating func popDue(_ now: UInt64) -> RequestHandle? {
        guard let first = items.first, first.time <= now else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return first.handle }
        items[0] = last
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < items.count else { break }
            if child + 1 < items.count && items[child + 1].time < items[child].time { child += 1 }
            guard items[child].time < items[parent].time else { break }
            items.swapAt(child, parent)
            parent = child
        }
        return first.handle
    }
}
