import Glibc

// Values, name records and the list of names: each has to know the others.
extension ScrubPass {
    func checkSecrets(_ head: Head) throws(StoreError) {
        try checkValues()
        let listed = try checkNameRecords()
        let pages = try checkPages(head)
        if pages.names != listed || pages.isBroken { try findUnlisted(pages) }
        if pages.names != head.listedNames, listed != head.listedNames {
            found(.contradiction, Table.namePages.name, "the store counts \(head.listedNames) names, its list has \(pages.names)")
        }
    }

    // MARK: Values

    /// Versions of one name lie one behind the other: its record is opened once for all of them.
    private struct KnownName {
        var tenant: TenantID
        var name: [UInt8]
        /// `nil`: there is none that opens.
        var record: NameRecord?
        var isMissing: Bool
    }

    private func checkValues() throws(StoreError) {
        var known: KnownName?
        try visit(.values) { (key, plaintext) throws(StoreError) in
            guard let trailer = ValueTrailer(plaintext) else { throw StoreError(.damaged, "a value's lengths do not fit") }
            let name = UnsafeRawBufferPointer(rebasing: plaintext[trailer.nameOffset..<(trailer.nameOffset + trailer.nameLength)])
            guard key.count == 24, keys.nameHash(.values, tenant: trailer.tenant, name: name).elementsEqual(key.prefix(16)) else {
                throw StoreError(.damaged, "a value lies where another one belongs")
            }
            let version = key.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            if known?.tenant != trailer.tenant || !(known?.name.elementsEqual(name) ?? false) {
                known = recall(trailer.tenant, Array(name))
            }
            guard let known else { return }
            let shown = "version \(version) of '\(Self.shown(known.name))'"
            if known.isMissing {
                return found(.missingName, Table.secrets.name, "\(shown) has no name record", tenant: known.tenant, name: known.name, version: version)
            }
            guard let record = known.record else { return }
            guard let entry = record.versions.first(where: { $0.version == version }), !entry.destroyed else {
                return found(
                    .orphan, Table.values.name, "the name record knows nothing of \(shown)", tenant: known.tenant, name: known.name, version: version)
            }
            guard entry.size == UInt32(clamping: trailer.valueLength), entry.expires == trailer.expires else {
                return found(
                    .contradiction, Table.values.name, "the name record tells other things of \(shown)", tenant: known.tenant, name: known.name,
                    version: version)
            }
        }
    }

    private func recall(_ tenant: TenantID, _ name: [UInt8]) -> KnownName {
        let key = keys.nameHash(.secrets, tenant: tenant, name: name)
        var known = KnownName(tenant: tenant, name: name, isMissing: false)
        guard let sealed = try? transaction.get(.secrets, key) else {
            known.isMissing = true
            return known
        }
        // One that does not open is found, and named, with the name records.
        known.record = try? NameRecord(decoding: try key.withBytes { (key) throws(StoreError) in
            try Record.open(sealed, table: .secrets, key: key, keys: keys)
        })
        return known
    }

    // MARK: Name records

    /// - Returns: names that the list has to show.
    private func checkNameRecords() throws(StoreError) -> UInt64 {
        var listed: UInt64 = 0
        try visit(.secrets) { (key, plaintext) throws(StoreError) in
            let record = try NameRecord(decoding: Array(plaintext))
            guard key == keys.nameHash(.secrets, tenant: record.tenant, name: record.name.bytes) else {
                throw StoreError(.damaged, "a name record lies where another one belongs")
            }
            if record.listing != .absent { listed += 1 }
            let hash = keys.nameHash(.values, tenant: record.tenant, name: record.name.bytes)
            for version in record.versions where !version.destroyed {
                let place = hash + version.version.bigEndianBytes
                if name(.values, place, tenant: record.tenant, record.name.bytes, version: version.version) { continue }
                guard try transaction.get(.values, place) == nil else { continue }
                found(
                    .missingValue, Table.values.name, "the value of version \(version.version) of '\(Self.shown(record.name.bytes))' is not there",
                    tenant: record.tenant, name: record.name.bytes, version: version.version)
            }
            let isKnown = record.active == 0 || record.versions.contains { $0.version == record.active }
            guard isKnown, record.versions.allSatisfy({ $0.version <= record.latest }) else {
                return found(
                    .contradiction, Table.secrets.name, "'\(Self.shown(record.name.bytes))' points at a version that it does not have",
                    tenant: record.tenant, name: record.name.bytes)
            }
        }
        return listed
    }

    // MARK: The list of names

    struct NamePages {
        var names: UInt64 = 0
        /// A page is missing from the order, or could not be read.
        var isBroken = false
        var directory = NameDirectory()
    }

    private func checkPages(_ head: Head) throws(StoreError) -> NamePages {
        var result = NamePages()
        var pages: [(first: NamePage.Place, last: NamePage.Place, id: UInt64)] = []
        var entries: [NamePage.Entry] = []
        let before = report.findingCount
        try visit(.namePages) { (key, plaintext) throws(StoreError) in
            let page = try NamePage(decoding: Array(plaintext))
            guard key.count == 8, let first = page.entries.first, let last = page.entries.last else {
                throw StoreError(.damaged, "a page of names is empty")
            }
            let id = key.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard id < head.nextPageID else { throw StoreError(.damaged, "a page of names has a number that was never given") }
            pages.append((first.place, last.place, id))
            entries = page.entries
            for entry in entries { try checkListed(entry) }
        }
        result.isBroken = report.findingCount != before
        result.names = listedEntries
        pages.sort { $0.first.lexicographicallyPrecedes($1.first) }
        for (page, next) in zip(pages, pages.dropFirst()) where !page.last.lexicographicallyPrecedes(next.first) {
            result.isBroken = true
            found(.contradiction, Table.namePages.name, "two pages of names overlap")
        }
        result.directory = NameDirectory(pages: pages.map { ($0.first, $0.id) })
        return result
    }

    private func checkListed(_ entry: NamePage.Entry) throws(StoreError) {
        listedEntries += 1
        let tenant = entry.place.prefix(NamePage.tenantSize).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let listedName = Array(entry.place.dropFirst(NamePage.tenantSize))
        let key = keys.nameHash(.secrets, tenant: tenant, name: listedName)
        if name(.secrets, key, tenant: tenant, listedName) { return }
        guard let sealed = try transaction.get(.secrets, key) else {
            return found(
                .missingName, Table.secrets.name, "'\(Self.shown(listedName))' is listed, but has no name record", tenant: tenant, name: listedName)
        }
        let opened = try key.withBytes { (key) throws(StoreError) in try Record.open(sealed, table: .secrets, key: key, keys: keys) }
        let listing: NameRecord.Listing = entry.deleted ? .deleted : .live
        guard try NameRecord(decoding: opened).listing == listing else {
            return found(
                .unlisted, Table.namePages.name, "'\(Self.shown(listedName))' is listed as \(listing), and is something else", tenant: tenant,
                name: listedName)
        }
    }

    /// Which names the list does not have. Only where the counts say that there are some.
    private func findUnlisted(_ pages: NamePages) throws(StoreError) {
        let lister = NameLister(transaction: transaction, keys: keys, directory: pages.directory, revision: 0)
        var ending: StoreError?
        do throws(StoreError) {
            try transaction.scan(.secrets) { (key, sealed) throws(StoreError) in
                do throws(StoreError) { try step() } catch {
                    ending = error
                    return false
                }
                let opened = try? Record.open(sealed, table: .secrets, key: key, keys: keys)
                guard let opened, let record = try? NameRecord(decoding: opened), record.listing != .absent else { return true }
                if (try? lister.contains(tenant: record.tenant, name: record.name)) == true { return true }
                found(
                    .unlisted, Table.namePages.name, "'\(Self.shown(record.name.bytes))' is not in the list of names", tenant: record.tenant,
                    name: record.name.bytes)
                return true
            }
        } catch {
            found(.damaged, Table.secrets.name, "the table cannot be read to its end: \(error.message)")
        }
        if let ending { throw ending }
    }

    static func shown(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }
}
