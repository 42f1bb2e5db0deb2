import Glibc

/// Walks the trees of a data file and judges every page that LMDB would follow. Reads the pages' headers, keys and lengths, never a value.
struct TreeWalk: ~Copyable {
    let file: DataFile
    var ledger: PageLedger
    /// Called every few pages, which a slow disk gives in a second: the sign of life that the parent waits for.
    let alive: () -> Void
    private var pagesSinceSign = 0
    private(set) var entries: UInt64 = 0
    /// Size of the node that begins at each even place of the page at hand; 0: none does.
    private var nodeSizes = [UInt16](repeating: 0, count: Environment.pageSize / 2)

    private static let pagesPerSign = 64
    /// LMDB's own limit for the way from a root to a leaf.
    private static let deepest = 32
    private static let largestKey = 511
    /// What a node may take within its page; a larger value lies on pages of its own.
    private static let largestNode = (((Environment.pageSize - Page.headerSize) / 2) & ~1) - 2
    private static let nodeHeader = 8

    struct NodeKind {
        static let plain = 0, large = 1, table = 2
    }

    /// What a tree is to be like.
    struct Rules {
        var name: String
        /// As the transaction's numbers in the free list: eight bytes, compared as a number.
        var numericKeys = false
        /// The kinds of nodes that its leaves may have.
        var kinds: Set<Int> = [NodeKind.plain, NodeKind.large]
    }

    private struct Counts {
        var branches: UInt64 = 0
        var leaves: UInt64 = 0
        var overflow: UInt64 = 0
        var entries: UInt64 = 0
    }

    typealias Visit = (_ key: UnsafeRawBufferPointer, _ data: UnsafeRawBufferPointer) throws(StoreError) -> Void

    init(file: DataFile, ledger: consuming PageLedger, alive: @escaping () -> Void) {
        self.file = file
        self.ledger = ledger
        self.alive = alive
    }

    /// - Parameter visit: is handed every record, in the order of the keys.
    /// - Throws: `damaged`.
    mutating func walk(_ tree: TreeDescription, _ rules: Rules, _ visit: Visit) throws(StoreError) {
        var counts = Counts()
        if tree.root == TreeDescription.noRoot {
            guard tree.depth == 0 else { throw damaged(rules, "has a depth and no pages") }
        } else {
            guard (1...Self.deepest).contains(tree.depth) else { throw damaged(rules, "is said to be \(tree.depth) pages deep") }
            try descend(to: tree.root, level: tree.depth, rules, above: nil, below: nil, &counts, visit)
        }
        guard counts.branches == tree.branchPages, counts.leaves == tree.leafPages, counts.overflow == tree.overflowPages else {
            throw damaged(rules, "is said to have \(tree.branchPages) + \(tree.leafPages) + \(tree.overflowPages) pages and has "
                + "\(counts.branches) + \(counts.leaves) + \(counts.overflow)")
        }
        guard counts.entries == tree.entries else {
            throw damaged(rules, "is said to have \(tree.entries) records and has \(counts.entries)")
        }
        entries += counts.entries
    }

    private func damaged(_ rules: Rules, _ what: String) -> StoreError { StoreError(.damaged, "\(rules.name) \(what)") }

    private func damaged(_ rules: Rules, _ page: UInt64, _ what: String) -> StoreError {
        StoreError(.damaged, "page \(page) of \(rules.name) \(what)")
    }

    /// - Parameters:
    ///   - level: 1 is a leaf.
    ///   - above: keys here are not below it; `nil`: they may be anything.
    ///   - below: keys here are below it.
    private mutating func descend(
        to number: UInt64, level: Int, _ rules: Rules, above: UnsafeRawBufferPointer?, below: UnsafeRawBufferPointer?,
        _ counts: inout Counts, _ visit: Visit
    ) throws(StoreError) {
        guard ledger.use(number) else { throw damaged(rules, number, "is used twice, or is not in the file") }
        pagesSinceSign += 1
        if pagesSinceSign >= Self.pagesPerSign {
            pagesSinceSign = 0
            alive()
        }
        let page = file.page(number)
        guard page.number == number else { throw damaged(rules, number, "calls itself page \(page.number)") }
        guard page.flags == (level == 1 ? Page.Kind.leaf : Page.Kind.branch) else {
            throw damaged(rules, number, "is of another kind than its place")
        }
        let (lower, upper) = (page.lower, page.upper)
        guard lower > Page.headerSize, lower % 2 == 0, upper % 2 == 0, lower <= upper, upper <= Environment.pageSize else {
            throw damaged(rules, number, "has bounds \(lower) and \(upper)")
        }
        let count = (lower - Page.headerSize) / 2
        // LMDB ends the process at a branch with one way; on the way of its own free list it bears it.
        guard level == 1 || count > 1 || rules.numericKeys else { throw damaged(rules, number, "is a branch with one way") }
        try checkNodes(page, number, count, level, rules)
        if level == 1 { counts.leaves += 1 } else { counts.branches += 1 }
        var previous = above
        for index in 0..<count {
            let place = page.u16(Page.headerSize + index * 2)
            let key = Self.key(page, place)
            // The first key of a branch stands for everything below the second; LMDB does not look at it.
            if level == 1 || index > 0 {
                guard Self.isKey(key, rules) else { throw damaged(rules, number, "has a key of \(key.count) bytes") }
                let isFirst = index == 0 || (level > 1 && index == 1)
                if let previous {
                    let order = Self.order(previous, key, rules)
                    guard isFirst ? order <= 0 : order < 0 else { throw damaged(rules, number, "has keys that are not in order") }
                }
                if let below, Self.order(key, below, rules) >= 0 { throw damaged(rules, number, "has a key that belongs to a later page") }
                previous = key
            }
            if level > 1 {
                let next = index + 1 < count ? Self.key(page, page.u16(Page.headerSize + (index + 1) * 2)) : nil
                let from = index == 0 ? above : key
                try descend(to: Self.child(page, place), level: level - 1, rules, above: from, below: next ?? below, &counts, visit)
            } else {
                counts.entries += 1
                try visit(key, try data(page, number, place, rules, &counts))
            }
        }
    }

    /// That the nodes lie one behind the other, from the upper bound to the end, each spoken for once.
    private mutating func checkNodes(_ page: Page, _ number: UInt64, _ count: Int, _ level: Int, _ rules: Rules) throws(StoreError) {
        let upper = page.upper
        var isGood = true
        for index in 0..<count where isGood {
            let place = page.u16(Page.headerSize + index * 2)
            guard place % 2 == 0, place >= upper, place + Self.nodeHeader <= Environment.pageSize else {
                isGood = false
                break
            }
            let size = Self.size(page, place, level)
            isGood = size <= Self.largestNode + 1 && place + size <= Environment.pageSize && nodeSizes[place / 2] == 0
            if isGood { nodeSizes[place / 2] = UInt16(size) }
        }
        var place = upper
        var found = 0
        while isGood, place < Environment.pageSize {
            let size = Int(nodeSizes[place / 2])
            if size == 0 { isGood = false }
            place += size
            found += 1
        }
        for index in 0..<count {
            let place = page.u16(Page.headerSize + index * 2)
            if place < Environment.pageSize { nodeSizes[place / 2] = 0 }
        }
        guard isGood, found == count else { throw damaged(rules, number, "has nodes that do not fit together") }
    }

    // MARK: Nodes: low u16 ‖ high u16 ‖ flags u16 ‖ length of the key u16 ‖ key ‖ data

    private static func size(_ page: Page, _ place: Int, _ level: Int) -> Int {
        let key = page.u16(place + 6)
        guard level == 1 else { return (nodeHeader + key + 1) & ~1 }
        let data = page.u16(place + 4) & NodeKind.large != 0 ? 8 : page.u32(place)
        return (nodeHeader + key + data + 1) & ~1
    }

    private static func key(_ page: Page, _ place: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: page.bytes + place + nodeHeader, count: page.u16(place + 6))
    }

    private static func child(_ page: Page, _ place: Int) -> UInt64 { UInt64(page.u32(place)) | UInt64(page.u16(place + 4)) << 32 }

    private mutating func data(
        _ page: Page, _ number: UInt64, _ place: Int, _ rules: Rules, _ counts: inout Counts
    ) throws(StoreError) -> UnsafeRawBufferPointer {
        let kind = page.u16(place + 4)
        guard rules.kinds.contains(kind) else { throw damaged(rules, number, "has a record of kind \(kind)") }
        let size = page.u32(place)
        let start = place + Self.nodeHeader + page.u16(place + 6)
        guard kind == NodeKind.large else { return UnsafeRawBufferPointer(start: page.bytes + start, count: size) }
        let first = page.u64(start)
        guard first < file.pages else { throw damaged(rules, number, "has a value on page \(first), which is not in the file") }
        let large = file.page(first)
        let needed = (Page.headerSize + size - 1) / Environment.pageSize + 1
        guard large.number == first, large.flags == Page.Kind.overflow, large.overflowPages >= needed else {
            throw damaged(rules, number, "has a value on page \(first), which is no page for large values, or too few")
        }
        guard ledger.use(first, count: UInt64(large.overflowPages)) else {
            throw damaged(rules, number, "has a value on page \(first), which is used twice, or is not in the file")
        }
        counts.overflow += UInt64(large.overflowPages)
        return UnsafeRawBufferPointer(start: large.bytes + Page.headerSize, count: size)
    }

    // MARK: Keys

    private static func isKey(_ key: UnsafeRawBufferPointer, _ rules: Rules) -> Bool {
        rules.numericKeys ? key.count == 8 : (1...largestKey).contains(key.count)
    }

    /// As LMDB compares: by bytes, of two that begin alike the shorter first.
    private static func order(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer, _ rules: Rules) -> Int {
        if rules.numericKeys, left.count == 8, right.count == 8 {
            let first = UInt64(littleEndian: left.loadUnaligned(as: UInt64.self))
            let second = UInt64(littleEndian: right.loadUnaligned(as: UInt64.self))
            return first == second ? 0 : first < second ? -1 : 1
        }
        let order = memcmp(left.octets, right.octets, min(left.count, right.count))
        return order != 0 ? Int(order) : left.count - right.count
    }
}
