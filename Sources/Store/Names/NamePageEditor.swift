/// Keeps the pages of names true to the changes of one transaction: opens a page once, changes it in memory, and seals what changed at
/// the end.
struct NamePageEditor {
    private(set) var directory: NameDirectory
    private var pages: [UInt64: NamePage] = [:]
    private var dirty: Set<UInt64> = []
    private var removed: Set<UInt64> = []
    private(set) var changed = false

    init(directory: NameDirectory) { self.directory = directory }

    /// Makes the list show `place` as `listing` says.
    mutating func set(
        _ place: NamePage.Place, _ listing: NameRecord.Listing, in transaction: inout SealedTransaction
    ) throws(StoreError) {
        guard let index = directory.index(of: place) else {
            if listing != .absent { addPage(NamePage(entries: [.init(place: place, deleted: listing == .deleted)]), at: 0, in: &transaction) }
            return
        }
        let id = directory.ids[index]
        var page = try open(id, in: transaction)
        // Taken out, so that the change does not copy it; put back below.
        pages[id] = nil
        defer { if !removed.contains(id) { pages[id] = page } }
        let position = page.lowerBound(place)
        let present = position < page.entries.count && page.entries[position].place == place
        switch listing {
        case .absent:
            guard present else { return }
            page.remove(at: position)
        case .live, .deleted:
            let entry = NamePage.Entry(place: place, deleted: listing == .deleted)
            if present {
                guard page.entries[position] != entry else { return }
                page.setDeleted(entry.deleted, at: position)
            } else {
                page.insert(entry, at: position)
            }
        }
        changed = true
        guard !page.entries.isEmpty else { return removePage(id, at: index) }
        if page.encodedSize > NamePage.capacity {
            // Names that come in order fill their pages; others split in the middle.
            let cut = position == page.entries.count - 1 ? position : page.middle
            addPage(page.split(at: cut), at: index + 1, in: &transaction)
        }
        dirty.insert(id)
    }

    private func open(_ id: UInt64, in transaction: borrowing SealedTransaction) throws(StoreError) -> NamePage {
        if let page = pages[id] { return page }
        guard let bytes = try transaction.open(.namePages, id.bigEndianBytes) else {
            throw StoreError(.damaged, "a page of names is missing")
        }
        return try NamePage(decoding: bytes)
    }

    private mutating func addPage(_ page: NamePage, at index: Int, in transaction: inout SealedTransaction) {
        let id = transaction.head.nextPageID
        transaction.head.nextPageID += 1
        directory.insert(first: page.entries.first?.place ?? [], id: id, at: index)
        pages[id] = page
        dirty.insert(id)
        changed = true
    }

    private mutating func removePage(_ id: UInt64, at index: Int) {
        directory.remove(at: index)
        pages[id] = nil
        dirty.remove(id)
        removed.insert(id)
    }

    /// Writes what changed.
    mutating func flush(to transaction: inout SealedTransaction) throws(StoreError) {
        for id in removed { try transaction.delete(.namePages, id.bigEndianBytes) }
        for id in dirty {
            guard let page = pages[id] else { continue }
            try transaction.put(.namePages, id.bigEndianBytes, page.encoded())
        }
    }
}
