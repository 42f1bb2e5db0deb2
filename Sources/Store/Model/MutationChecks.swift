/// The limits of protocol.md on what a change carries, kept here as well: the store is also used without the protocol.
public enum StoreLimits {
    /// The most that a limited budget holds, and the most that one step moves; in quota units (decisions 12).
    public static let quota: Int64 = 500_000_000_000_000
    /// Bytes of one usage line.
    public static let usageLine = 2_048
    /// Usage lines that are kept of each budget.
    public static let usageLines = 1_000
    /// Finished reservations that are remembered, of the whole store.
    static let finishedReservations: UInt64 = 65_536
    static let value = 1_048_576
    static let contentType = 255
    static let metadataPairs = 64
    static let metadataKey = 128
    static let metadataValue = 512
    static let tags = 64
    static let tag = 128
    static let keepLast: ClosedRange<UInt16> = 1...100
    static let principal = 255
    static let document = 1_048_576
    /// Steps of one batch.
    static let mutations = 1_000_000
    /// Bytes of all values of one batch.
    static let batchBytes = 1 << 30
}

extension NewVersion {
    func check(now: UInt64) throws(StoreError) {
        guard value.count <= StoreLimits.value else {
            throw StoreError(.invalidArgument, "the value has \(value.count) bytes; \(StoreLimits.value) are allowed")
        }
        guard contentType.utf8.count <= StoreLimits.contentType else {
            throw StoreError(.invalidArgument, "the content type is longer than \(StoreLimits.contentType) bytes")
        }
        guard expires == 0 || expires > now else { throw StoreError(.invalidArgument, "the expiry lies in the past") }
        try settings.check()
    }
}

extension SettingsChange {
    func check() throws(StoreError) {
        if let metadata {
            guard metadata.count <= StoreLimits.metadataPairs else {
                throw StoreError(.invalidArgument, "more than \(StoreLimits.metadataPairs) pairs of metadata")
            }
            for pair in metadata {
                guard (1...StoreLimits.metadataKey).contains(pair.key.utf8.count) else {
                    throw StoreError(.invalidArgument, "a metadata key must have 1 to \(StoreLimits.metadataKey) bytes")
                }
                guard pair.value.utf8.count <= StoreLimits.metadataValue else {
                    throw StoreError(.invalidArgument, "the metadata value of '\(pair.key)' is longer than \(StoreLimits.metadataValue) bytes")
                }
            }
            guard Set(metadata.map { Array($0.key.utf8) }).count == metadata.count else {
                throw StoreError(.invalidArgument, "a metadata key is there twice")
            }
        }
        if let tags {
            guard tags.count <= StoreLimits.tags else { throw StoreError(.invalidArgument, "more than \(StoreLimits.tags) tags") }
            for tag in tags where !(1...StoreLimits.tag).contains(tag.utf8.count) {
                throw StoreError(.invalidArgument, "a tag must have 1 to \(StoreLimits.tag) bytes")
            }
            guard Set(tags.map { Array($0.utf8) }).count == tags.count else { throw StoreError(.invalidArgument, "a tag is there twice") }
        }
        if let keepLast, !StoreLimits.keepLast.contains(keepLast) {
            throw StoreError(.invalidArgument, "keep-last must be \(StoreLimits.keepLast.lowerBound) to \(StoreLimits.keepLast.upperBound)")
        }
        if let deleteAfter, deleteAfter > UInt64(Int64.max) / 2 {
            throw StoreError(.invalidArgument, "delete-after is too long")
        }
    }
}
