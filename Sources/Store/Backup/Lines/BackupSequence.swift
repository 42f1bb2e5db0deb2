/// What the lines of a backup must be to each other: their order, their number, their digest.
struct BackupSequence {
    private(set) var header: BackupHeader?
    private(set) var trailer: BackupTrailer?
    private var counts = BackupCounts()
    private var lines: UInt64 = 0
    private var digest = LineDigest()
    private var place = 0
    private var lastKey: (number: UInt32, purpose: KeyPurpose)?
    private var sealing: Set<KeyPurpose> = []
    /// The name whose values come now, and those of its versions that are still to come.
    private var name: NameRecord?
    private var pending: ArraySlice<NameRecord.Version> = []

    /// - Parameter line: as it was read.
    mutating func take(_ item: BackupItem, _ line: UnsafeRawBufferPointer) throws(LineFault) {
        guard trailer == nil else { throw LineFault(field: "", reason: "stands behind the last line") }
        if case .header(let header) = item {
            guard self.header == nil else { throw LineFault(field: "", reason: "is a second first line") }
            return self.header = header
        }
        guard header != nil else { throw BackupItem.foreign }
        if case .value(let value) = item {
            try take(value)
        } else {
            guard pending.isEmpty else { throw LineFault(field: "", reason: "stands where a version of the secret before is missing") }
        }
        if case .trailer(let trailer) = item { return try take(trailer) }
        try order(item)
        counts[item.kind] += 1
        lines += 1
        digest.add(line)
    }

    private mutating func order(_ item: BackupItem) throws(LineFault) {
        let kind = item.kind
        // Versions stand behind their secrets, in one section.
        let place = kind == .versions ? BackupCounts.Kind.secrets.place : kind.place
        guard place >= self.place else { throw LineFault(field: "", reason: "stands behind lines of a later kind") }
        if case .key(let key) = item { try take(key) } else { try requireKeys() }
        self.place = place
        switch item {
        case .name(let record):
            name = record
            pending = record.versions.filter { !$0.destroyed }[...]
        case .counters:
            guard counts[.counters] == 0 else { throw LineFault(field: "counters", reason: "is there twice") }
        case .reservation(let stored, let finished):
            guard (stored.reservation.state == .open) == (finished == nil) else {
                throw LineFault(field: "finished", reason: "does not go with the state")
            }
        default: break
        }
    }

    private mutating func take(_ key: BackupKey) throws(LineFault) {
        guard key.number == (lastKey?.number ?? 0) + 1 else { throw LineFault(field: "key", reason: "is not the next number") }
        if let last = lastKey?.purpose, last.rawValue > key.purpose.rawValue {
            throw LineFault(field: "purpose", reason: "stands behind a later one")
        }
        if key.state == .sealing, !sealing.insert(key.purpose).inserted {
            throw LineFault(field: "state", reason: "is that of another key of this purpose already")
        }
        lastKey = (key.number, key.purpose)
    }

    /// A store cannot do without one key in use for each purpose.
    private func requireKeys() throws(LineFault) {
        guard sealing.count == KeyPurpose.ofBackups.count else {
            throw LineFault(field: "key", reason: "is missing for a purpose: each has one that is in use")
        }
    }

    private mutating func take(_ value: BackupValue) throws(LineFault) {
        guard let name, let version = pending.first else { throw LineFault(field: "value_of", reason: "does not stand behind its secret") }
        guard value.name == name.name, value.tenant == name.tenant else {
            throw LineFault(field: "value_of", reason: "is not the secret before")
        }
        guard value.version == version.version else { throw LineFault(field: "version", reason: "is not the next of the secret before") }
        guard value.value.count == Int(version.size) else { throw LineFault(field: "value", reason: "does not have the size of its version") }
        pending = pending.dropFirst()
    }

    private mutating func take(_ trailer: BackupTrailer) throws(LineFault) {
        try requireKeys()
        guard trailer.lines == lines else {
            throw LineFault(field: "lines", reason: "says \(trailer.lines), but \(lines) came")
        }
        for kind in BackupCounts.Kind.all where trailer.counts[kind] != counts[kind] {
            throw LineFault(field: "counts", reason: "says \(trailer.counts[kind]) \(kind.name), but \(counts[kind]) came")
        }
        guard trailer.digest == digest.hex else { throw LineFault(field: "digest", reason: "is not that of the lines") }
        self.trailer = trailer
    }
}

extension BackupItem {
    /// First and last line have none: they count as keys, and nobody asks.
    var kind: BackupCounts.Kind {
        switch self {
        case .header, .trailer, .key: .keys
        case .name: .secrets
        case .value: .versions
        case .document(let document): .documents(document.table)
        case .counters: .counters
        case .budget: .budgets
        case .reservation: .reservations
        case .usageLine: .usageLines
        }
    }
}
