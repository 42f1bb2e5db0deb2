import CofferStore

// Whether the log is whole: every block in its place, every file there, the end where the store and the file beside it know it.
extension AuditReading {
    /// Of a log that is being written: against what the store keeps.
    /// - Parameter stored: as the log gave it with the last change; `nil`: it knows of no log.
    /// - Throws: `system` where the disk fails.
    public func verify(stored: [UInt8]?) throws(StoreError) -> AuditVerdict {
        try verdict(stored: stored, kept: nil, live: extent?.head, place: nil)
    }

    /// Of a log that nobody writes: also against the file that keeps its end, and against the place at which the store is.
    /// - Parameters:
    ///   - headFile: beside the store, `audit.head`.
    ///   - incarnation: the store's, 16 bytes.
    ///   - revision: at which it is.
    /// - Throws: `system` where the disk fails.
    public func verify(
        stored: [UInt8]?, headFile: String, incarnation: [UInt8], revision: UInt64
    ) throws(StoreError) -> AuditVerdict {
        let found = HeadFile(path: headFile).read(keys, storeID: storeID)
        return try verdict(
            stored: stored, kept: found, live: nil, place: Block.Prologue(incarnation: incarnation, committed: revision, time: 0))
    }

    func verdict(
        stored bytes: [UInt8]?, kept: HeadFile.Found?, live: ChainHead?, place: Block.Prologue?
    ) throws(StoreError) -> AuditVerdict {
        let stored = try bytes.map { (bytes) throws(StoreError) in try ChainHead(decoding: bytes) }
        var walk = VerifyWalk(keys: keys, stored: stored, kept: kept)
        let numbers = try numbers()
        for number in numbers {
            do throws(StoreError) {
                try walk.visit(try reader(number))
            } catch {
                guard error.code != .system else { throw error }
                walk.unreadable(number, error, try FileDigest.of(folder.path(of: number), from: 0))
            }
        }
        walk.finish(numbers.first, live: live, place: place)
        return walk.verdict
    }
}
