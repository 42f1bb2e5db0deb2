/// A place in a store's life: which incarnation, and how far that had come.
public struct StorePlace: Equatable, Sendable {
    /// 16 bytes.
    public var incarnation: [UInt8]
    public var revision: UInt64

    public init(incarnation: [UInt8], revision: UInt64) {
        self.incarnation = incarnation
        self.revision = revision
    }

    /// Whether a store that was here once, and is at `found` now, was put back from an older copy. A new incarnation starts above all
    /// revisions of those before it (formats.md 4): one that does not is older.
    public func isAhead(of found: StorePlace) -> Bool {
        incarnation == found.incarnation ? revision > found.revision : revision >= found.revision
    }
}

extension Head {
    var place: StorePlace { StorePlace(incarnation: incarnation, revision: revision) }
}
