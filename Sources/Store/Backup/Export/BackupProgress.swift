/// Counts the records of a backup, and gives it up where it must not go on.
struct BackupProgress {
    /// Records in all.
    var total: UInt64 = 0
    private(set) var done: UInt64 = 0
    private let isLocked: () -> Bool
    private let fileBytes: () -> UInt64
    private let fileBytesBefore: UInt64

    /// Records between two looks at the lock and the file.
    private static let recordsBetweenLooks: UInt64 = 1_024
    /// How far the file may grow while the transaction keeps its pages from being used again (formats.md 9): a quarter, and this.
    static let leastGrowth: UInt64 = 1 << 30

    init(isLocked: @escaping () -> Bool, fileBytes: @escaping () -> UInt64) {
        self.isLocked = isLocked
        self.fileBytes = fileBytes
        fileBytesBefore = fileBytes()
    }

    mutating func step() throws(StoreError) {
        done += 1
        guard done % Self.recordsBetweenLooks == 0 else { return }
        if isLocked() { throw StoreError(.locked, "the store was locked while the backup ran") }
        let growth = fileBytes() - min(fileBytes(), fileBytesBefore)
        guard growth < Self.leastGrowth || growth <= fileBytesBefore / 4 else {
            throw StoreError(
                .failed, "the backup was given up: it made the store's file grow by \(growth >> 20) MiB, because so much was changed meanwhile")
        }
    }
}
