/// Which pages are spoken for: every page has one use at most, whether in a tree, behind a large value or on the free list.
struct PageLedger: ~Copyable {
    /// Of the last page that was ever used.
    let lastPage: UInt64
    /// Pages that the file really has; those behind its end can only be free.
    let filePages: UInt64
    private var taken: [UInt64]
    private(set) var used: UInt64 = 0
    private(set) var free: UInt64 = 0

    /// Pages that were given back before they were ever written may lie behind the end of the file; more than this is nonsense.
    private static let largestTail: UInt64 = 1 << 24

    init(lastPage: UInt64, filePages: UInt64) throws(StoreError) {
        guard lastPage >= UInt64(MetaPage.count - 1), lastPage < filePages + Self.largestTail else {
            throw StoreError(.damaged, "the last page is said to be \(lastPage), and the file has \(filePages)")
        }
        self.lastPage = lastPage
        self.filePages = filePages
        taken = [UInt64](repeating: 0, count: Int(lastPage / 64) + 1)
        taken[0] = 0b11
    }

    /// - Returns: false where it is spoken for, or there is no such page.
    private mutating func take(_ page: UInt64) -> Bool {
        guard page <= lastPage else { return false }
        let bit: UInt64 = 1 << (page % 64)
        guard taken[Int(page / 64)] & bit == 0 else { return false }
        taken[Int(page / 64)] |= bit
        return true
    }

    /// - Returns: false where one of them is spoken for or does not lie in the file.
    mutating func use(_ first: UInt64, count: UInt64 = 1) -> Bool {
        guard count > 0, count <= filePages, first < filePages, filePages - first >= count else { return false }
        for page in first..<(first + count) { guard take(page) else { return false } }
        used += count
        return true
    }

    mutating func release(_ page: UInt64) -> Bool {
        guard take(page) else { return false }
        free += 1
        return true
    }
}
