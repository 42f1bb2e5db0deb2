/// Reads the pages of names within one read transaction, with the directory that belongs to it.
struct NameLister {
    let transaction: Transaction
    let keys: KeySet
    let directory: NameDirectory
    let revision: UInt64

    /// Opens all pages once, to learn where each begins.
    static func buildDirectory(_ transaction: Transaction, keys: KeySet) throws(StoreError) -> NameDirectory {
        var pages: [(first: NamePage.Place, id: UInt64)] = []
        try transaction.scan(.namePages) { (key, record) throws(StoreError) in
            let page = try NamePage(decoding: try Record.open(record, table: .namePages, key: key, keys: keys))
            guard key.count == 8, let first = page.entries.first else { throw StoreError(.damaged, "a page of names is empty") }
            pages.append((first.place, UInt64(bigEndian: key.loadUnaligned(as: UInt64.self))))
            return true
        }
        return NameDirectory(pages: pages)
    }

    private func page(at index: Int) throws(StoreError) -> NamePage {
        let key = directory.ids[index].bigEndianBytes
        guard let record = try transaction.get(.namePages, key) else { throw StoreError(.damaged, "a page of names is missing") }
        let result = try key.withBytes { (key) throws(StoreError) in
            try Record.open(record, table: .namePages, key: key, keys: keys)
        }
        return try NamePage(decoding: result)
    }

    func list(tenant: TenantID, prefix: [UInt8], after: [UInt8]?, limit: Int, includeDeleted: Bool) throws(StoreError) -> NamesPage {
        let bound = NamePage.place(tenant: tenant, name: prefix)
        var start = bound
        if let after, prefix.lexicographicallyPrecedes(after) || prefix == after {
            start = NamePage.place(tenant: tenant, name: after) + [0]
        }
        var result = NamesPage(revision: revision, entries: [], more: false)
        guard var index = directory.index(of: start) else { return result }
        while index < directory.count {
            let page = try page(at: index)
            for entry in page.entries[page.lowerBound(start)...] {
                guard entry.place.starts(with: bound) else { return result }
                if entry.deleted && !includeDeleted { continue }
                guard result.entries.count < limit else {
                    result.more = true
                    return result
                }
                result.entries.append(.init(name: Name(trusted: Array(entry.place[NamePage.tenantSize...])), deleted: entry.deleted))
            }
            index += 1
        }
        return result
    }

    func contains(tenant: TenantID, name: Name) throws(StoreError) -> Bool {
        let place = NamePage.place(tenant: tenant, name: name.bytes)
        guard let index = directory.index(of: place) else { return false }
        let page = try page(at: index)
        let position = page.lowerBound(place)
        return position < page.entries.count && page.entries[position].place == place
    }
}
