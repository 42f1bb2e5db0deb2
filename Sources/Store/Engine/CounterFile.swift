import Glibc

/// Incarnation and revision once more, outside LMDB (formats.md 7): follows lazily, so the store may be ahead of it; a store that is
/// behind was put back from an older copy.
struct CounterFile {
    let path: String
    private static let magic = Array("COFFERCT".utf8)
    private static let bodySize = 8 + 16 + 16 + 8
    private static let macSize = 32

    private static func body(storeID: [UInt8], _ place: StorePlace) -> [UInt8] {
        magic + storeID + place.incarnation + place.revision.bigEndianBytes
    }

    /// `nil`: there is none, or it is another store's.
    /// - Throws: `damaged` where it was changed.
    func read(storeID: [UInt8], keys: KeySet) throws(StoreError) -> StorePlace? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StoreError.fromErrno("cannot open the counter file")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.bodySize + Self.macSize + 1)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count == Self.bodySize + Self.macSize else { throw StoreError(.damaged, "the counter file \(path) has the wrong length") }
        let body = Array(bytes[..<Self.bodySize])
        let mac = Array(bytes[Self.bodySize..<(Self.bodySize + Self.macSize)])
        guard KeyedHash.equal(mac, KeyedHash.bytes(body, key: keys.counterKey, count: Self.macSize)), Array(body[8..<24]) == storeID else {
            throw StoreError(.damaged, "the counter file \(path) does not authenticate")
        }
        let revision = body[40..<48].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return StorePlace(incarnation: Array(body[24..<40]), revision: revision)
    }

    /// Synced before it takes the old one's place: it may lag, never lie, and a power cut leaves the one or the other.
    func write(_ place: StorePlace, storeID: [UInt8], keys: KeySet) {
        let body = Self.body(storeID: storeID, place)
        let bytes = body + KeyedHash.bytes(body, key: keys.counterKey, count: Self.macSize)
        let fresh = path + ".new"
        unlink(fresh)
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let written = Glibc.write(descriptor, bytes, bytes.count)
        let synced = fsync(descriptor) == 0
        close(descriptor)
        if written == bytes.count && synced { rename(fresh, path) } else { unlink(fresh) }
    }
}
