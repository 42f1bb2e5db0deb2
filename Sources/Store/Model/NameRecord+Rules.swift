/// What a change knows of its moment.
struct ChangeMoment: Sendable {
    /// Unix milliseconds.
    var now: UInt64
    /// The revision that the batch will have.
    var revision: UInt64
    var incarnation: [UInt8]
    var principal: String
}

/// What a change of a name record asks of the values beside it.
struct ValueEffects: Sendable {
    struct Write: Sendable {
        var value: SecretBuffer
        var contentType: String
        var expires: UInt64
        /// The earliest moment from which get must refuse; 0: never.
        var hiddenFrom: UInt64
    }

    var writes: [UInt64: Write] = [:]
    /// Versions whose values go.
    var removals: Set<UInt64> = []
    /// Versions that are sealed again without a time of deletion.
    var reseals: Set<UInt64> = []

    mutating func remove(_ version: UInt64) {
        writes[version] = nil
        reseals.remove(version)
        removals.insert(version)
    }
}

// The rules of versions, pointers and deletion: pure, without I/O.
extension NameRecord {
    /// The number that compare-and-set is about: the latest version's, or 0 where the name has no live version.
    var comparable: UInt64 { purged || deleted != 0 ? 0 : latest }

    static func check(_ expected: ExpectedVersion, against present: UInt64, moment: ChangeMoment) throws(StoreError) {
        guard case .exactly(let version, let incarnation) = expected else { return }
        if let incarnation, incarnation != moment.incarnation {
            throw StoreError(.resync, "the expected version was seen in another incarnation of the store: read it again")
        }
        guard version == present else {
            throw StoreError(.conflict, version == 0
                ? "the name has a version already" : "version \(version) is not the present one")
        }
    }

    mutating func apply(_ settings: SettingsChange) {
        if let metadata = settings.metadata { self.metadata = metadata.map { Pair(key: $0.key, value: $0.value) } }
        if let tags = settings.tags { self.tags = tags }
        if let keepLast = settings.keepLast { self.keepLast = keepLast }
        if let deleteAfter = settings.deleteAfter { self.deleteAfter = deleteAfter }
    }

    /// - Returns: the new version's number.
    mutating func put(_ new: NewVersion, moment: ChangeMoment, effects: inout ValueEffects) throws(StoreError) -> UInt64 {
        try Self.check(new.expected, against: comparable, moment: moment)
        guard latest < UInt64(Int64.max) else { throw StoreError(.invalidArgument, "the name has no version numbers left") }
        if purged {
            purged = false
            created = moment.now
            keepLast = Self.defaultKeepLast
            deleteAfter = 0
            metadata = []
            tags = []
        }
        if deleted != 0 {
            // The versions that the deletion hid stay hidden, each by itself; the name is back.
            // One whose own time of deletion lies ahead is hidden from now on, like the others.
            for index in versions.indices where !versions[index].destroyed && (versions[index].deleted == 0 || versions[index].deleted > deleted) {
                versions[index].deleted = deleted
            }
            deleted = 0
            active = 0
        }
        apply(new.settings)
        latest += 1
        let deletion = deleteAfter == 0 ? 0 : moment.now &+ deleteAfter
        versions.append(Version(
            version: latest, created: moment.now, expires: new.expires, deleted: deletion, size: UInt32(new.value.count),
            contentType: new.contentType, createdBy: moment.principal))
        let hiddenFrom = new.expires == 0 ? deletion : deletion == 0 ? new.expires : min(new.expires, deletion)
        effects.writes[latest] = .init(value: new.value, contentType: new.contentType, expires: new.expires, hiddenFrom: hiddenFrom)
        if new.activate { active = latest }
        touch(moment)
        keepWithinBounds(effects: &effects)
        return latest
    }

    /// Destroys the oldest versions above `keepLast`, never the active or the latest one; forgets destroyed ones that no longer fit the list.
    mutating func keepWithinBounds(effects: inout ValueEffects) {
        var kept = versions.lazy.filter { !$0.destroyed }.count
        for index in versions.indices where kept > Int(keepLast) {
            guard !versions[index].destroyed, versions[index].version != active, versions[index].version != latest else { continue }
            destroyValue(at: index, effects: &effects)
            kept -= 1
        }
        while versions.count > max(Int(keepLast), Int(Self.defaultKeepLast)), let first = versions.firstIndex(where: { $0.destroyed }) {
            versions.remove(at: first)
        }
    }

    private mutating func destroyValue(at index: Int, effects: inout ValueEffects) {
        versions[index].destroyed = true
        versions[index].size = 0
        effects.remove(versions[index].version)
    }

    mutating func activate(_ version: UInt64, expected: ExpectedVersion, moment: ChangeMoment) throws(StoreError) -> Bool {
        try requirePresent()
        try Self.check(expected, against: active, moment: moment)
        switch try self.version(version).state(at: moment.now) {
        case .live: break
        case .deleted: throw StoreError(.deleted, "version \(version) is deleted")
        case .expired: throw StoreError(.expired, "version \(version) has expired")
        case .destroyed: throw StoreError(.versionNotFound, "version \(version) is destroyed")
        }
        guard active != version else { return false }
        active = version
        touch(moment)
        return true
    }

    /// - Returns: whether anything changed: what is deleted already stays so.
    mutating func delete(_ version: UInt64, expected: ExpectedVersion, moment: ChangeMoment) throws(StoreError) -> Bool {
        guard !purged else { throw Self.absent }
        if version != 0 { try requirePresent() }
        try Self.check(expected, against: comparable, moment: moment)
        if version == 0 {
            guard deleted == 0 else { return false }
            deleted = max(moment.now, 1)
        } else {
            let index = try indexOf(version)
            switch versions[index].state(at: moment.now) {
            case .deleted: return false
            case .destroyed: throw StoreError(.versionNotFound, "version \(version) is destroyed")
            case .live, .expired: versions[index].deleted = max(moment.now, 1)
            }
        }
        touch(moment)
        return true
    }

    mutating func undelete(
        _ version: UInt64, expected: ExpectedVersion, moment: ChangeMoment, effects: inout ValueEffects
    ) throws(StoreError) -> Bool {
        guard !purged else { throw Self.absent }
        if version == 0 {
            try Self.check(expected, against: latest, moment: moment)
            guard deleted != 0 else { return false }
            deleted = 0
        } else {
            try requirePresent()
            try Self.check(expected, against: latest, moment: moment)
            let index = try indexOf(version)
            switch versions[index].state(at: moment.now) {
            case .live, .expired: return false
            case .destroyed: throw StoreError(.versionNotFound, "version \(version) is destroyed and cannot come back")
            case .deleted:
                versions[index].deleted = 0
                // A version that timed out carries that time inside its record.
                effects.reseals.insert(version)
            }
        }
        touch(moment)
        return true
    }

    mutating func destroy(
        _ version: UInt64, expected: ExpectedVersion, moment: ChangeMoment, effects: inout ValueEffects
    ) throws(StoreError) -> Bool {
        guard !purged else { throw Self.absent }
        try Self.check(expected, against: latest, moment: moment)
        if version == 0 {
            for index in versions.indices where !versions[index].destroyed { effects.remove(versions[index].version) }
            versions = []
            metadata = []
            tags = []
            active = 0
            deleted = 0
            purged = true
        } else {
            let index = try indexOf(version)
            guard !versions[index].destroyed else { return false }
            destroyValue(at: index, effects: &effects)
            if active == version { active = 0 }
        }
        touch(moment)
        return true
    }

    mutating func update(
        _ settings: SettingsChange, expected: ExpectedVersion, moment: ChangeMoment, effects: inout ValueEffects
    ) throws(StoreError) -> Bool {
        try requirePresent()
        try Self.check(expected, against: comparable, moment: moment)
        let before = self
        apply(settings)
        if settings.keepLast != nil { keepWithinBounds(effects: &effects) }
        // By bytes: strings that look alike are not the same.
        guard encoded() != before.encoded() else { return false }
        touch(moment)
        return true
    }

    // MARK: Small questions

    static var absent: StoreError { StoreError(.notFound, "there is no such name") }

    private func requirePresent() throws(StoreError) {
        if purged { throw Self.absent }
        if deleted != 0 { throw StoreError(.deleted, "the name is deleted") }
    }

    private func indexOf(_ version: UInt64) throws(StoreError) -> Int {
        guard let index = versions.firstIndex(where: { $0.version == version }) else {
            throw StoreError(.versionNotFound, "the name has no version \(version)")
        }
        return index
    }

    func version(_ version: UInt64) throws(StoreError) -> Version { versions[try indexOf(version)] }

    private mutating func touch(_ moment: ChangeMoment) {
        updated = moment.now
        revision = moment.revision
    }

    /// The active version, where a get would answer with it now.
    func readableActive(at now: UInt64) -> Version? {
        guard !purged, deleted == 0, active != 0, let version = versions.first(where: { $0.version == active }),
            version.state(at: now) == .live
        else { return nil }
        return version
    }
}
