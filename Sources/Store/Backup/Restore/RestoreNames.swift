/// Collects which names a list is to show, and puts them into the sorted pages of the generation that is built: in order, so that each
/// page is opened about once. Bounded memory; a million names come in one go.
struct RestoreNames {
    /// Of the collected names: their places, one behind the other.
    private var places: [UInt8] = []
    private var entries: [Entry] = []
    private var directory: NameDirectory?

    private struct Entry {
        var offset: Int
        var length: UInt16
        var listing: NameRecord.Listing
    }

    private static let largestBytes = 16 << 20
    private static let largestCount = 500_000
    /// Names of one transaction.
    private static let step = 4_096

    mutating func set(_ tenant: TenantID, _ name: Name, _ listing: NameRecord.Listing, in builder: GenerationBuilder) throws(StoreError) {
        let place = NamePage.place(tenant: tenant, name: name.bytes)
        if places.count + place.count > Self.largestBytes || entries.count >= Self.largestCount { try flush(to: builder) }
        entries.append(Entry(offset: places.count, length: UInt16(truncatingIfNeeded: place.count), listing: listing))
        places += place
    }

    /// Each name at most once between two of these.
    mutating func flush(to builder: GenerationBuilder) throws(StoreError) {
        let places = self.places
        var entries = self.entries
        self.places = []
        self.entries = []
        places.withUnsafeBufferPointer { places in
            entries.sort { left, right in
                places[left.offset..<(left.offset + Int(left.length))]
                    .lexicographicallyPrecedes(places[right.offset..<(right.offset + Int(right.length))])
            }
        }
        var directory = if let directory { directory } else { try builder.buildDirectory() }
        self.directory = nil
        for start in stride(from: 0, to: entries.count, by: Self.step) {
            let part = entries[start..<min(start + Self.step, entries.count)]
            directory = try builder.editNames(directory) { (editor, transaction) throws(StoreError) in
                for entry in part {
                    try editor.set(Array(places[entry.offset..<(entry.offset + Int(entry.length))]), entry.listing, in: &transaction)
                }
            }
        }
        self.directory = directory
    }
}
