import Glibc

/// LMDB's data file as bytes, mapped for reading. Nothing in it is believed: every place is checked before it is looked at.
///
/// The layout is that of LMDB 0.9 on a 64-bit little-endian machine; `mdb.c` describes it.
final class DataFile {
    let base: UnsafeRawPointer
    let bytes: Int
    private static let readAhead = 1 << 30
    /// Whole pages that the file really has.
    var pages: UInt64 { UInt64(bytes / Environment.pageSize) }

    /// - Throws: `damaged` where it is too short to be one, `system` or `unwritable` where it cannot be opened.
    init(path: String) throws(StoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw StoreError.fromErrno("cannot open the store's file") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StoreError.fromErrno("cannot look at the store's file") }
        guard status.st_size >= MetaPage.count * Environment.pageSize else {
            throw StoreError(.damaged, "the store's file has only \(status.st_size) bytes")
        }
        bytes = Int(status.st_size)
        guard let base = mmap(nil, bytes, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw StoreError.fromErrno("cannot map the store's file")
        }
        // Trees jump; a disk that turns had better be asked for all of it at once.
        if bytes <= Self.readAhead { madvise(base, bytes, MADV_WILLNEED) }
        self.base = UnsafeRawPointer(base)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), bytes) }

    /// - Parameter number: below ``pages``.
    func page(_ number: UInt64) -> Page { Page(bytes: base + Int(number) * Environment.pageSize) }
}

/// One page of 4,096 bytes: number u64 ‖ padding u16 ‖ flags u16 ‖ lower u16 ‖ upper u16 (of an overflow page: count u32) ‖ the places of
/// its nodes, u16 each.
struct Page {
    let bytes: UnsafeRawPointer

    static let headerSize = 16

    struct Kind {
        static let branch = 0x01, leaf = 0x02, overflow = 0x04, meta = 0x08
    }

    @inline(__always) func u16(_ offset: Int) -> Int { Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))) }
    @inline(__always) func u32(_ offset: Int) -> Int { Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))) }
    @inline(__always) func u64(_ offset: Int) -> UInt64 { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }

    var number: UInt64 { u64(0) }
    var flags: Int { u16(10) }
    var lower: Int { u16(12) }
    var upper: Int { u16(14) }
    var overflowPages: Int { u32(12) }
}

/// A table's description: in a meta page, or as the data of a node of the table of tables.
struct TreeDescription {
    static let size = 48
    static let noRoot = UInt64.max

    var flags: Int
    var depth: Int
    var branchPages: UInt64
    var leafPages: UInt64
    var overflowPages: UInt64
    var entries: UInt64
    var root: UInt64

    /// - Parameter bytes: ``size`` of them.
    init(_ bytes: UnsafeRawPointer) {
        let page = Page(bytes: bytes)
        flags = page.u16(4)
        depth = page.u16(6)
        branchPages = page.u64(8)
        leafPages = page.u64(16)
        overflowPages = page.u64(24)
        entries = page.u64(32)
        root = page.u64(40)
    }
}

/// One of the two pages at the beginning, which say where everything else is.
struct MetaPage {
    static let count = 2
    private static let magic = 0xBEEF_C0DE
    private static let version = 1

    var freeList: TreeDescription
    var tables: TreeDescription
    /// Of the last page that was ever used.
    var lastPage: UInt64
    var transaction: UInt64

    private init(_ page: Page, _ number: UInt64) throws(StoreError) {
        guard page.flags == Page.Kind.meta, page.number == number else { throw Self.damaged("page \(number) is no meta page") }
        guard page.u32(16) == Self.magic else { throw Self.damaged("meta page \(number) has another mark than LMDB's") }
        guard page.u32(20) == Self.version else {
            throw StoreError(.unknownFormat, "the store's file has version \(page.u32(20)) of LMDB's format; this one knows version \(Self.version)")
        }
        // The first field of the free list's description is the page size.
        guard page.u32(40) == Environment.pageSize else { throw Self.damaged("meta page \(number) speaks of pages of \(page.u32(40)) bytes") }
        freeList = TreeDescription(page.bytes + 40)
        tables = TreeDescription(page.bytes + 40 + TreeDescription.size)
        lastPage = page.u64(40 + 2 * TreeDescription.size)
        transaction = page.u64(48 + 2 * TreeDescription.size)
    }

    private static func damaged(_ what: String) -> StoreError { StoreError(.damaged, what) }

    /// The meta page of the last transaction, as LMDB chooses it.
    ///
    /// Transactions take turns with the two pages, so that their numbers follow each other and tell which page they lie in: a number
    /// that was changed would let LMDB go by an old page.
    static func present(in file: DataFile) throws(StoreError) -> MetaPage {
        let first = try MetaPage(file.page(0), 0)
        let second = try MetaPage(file.page(1), 1)
        let (older, newer) = first.transaction < second.transaction ? (first, second) : (second, first)
        let fresh = first.transaction == 0 && second.transaction == 0
        let inTurn = newer.transaction == older.transaction &+ 1 && first.transaction % 2 == 0
        guard fresh || inTurn else {
            throw damaged("the transactions \(first.transaction) and \(second.transaction) of the meta pages do not follow each other")
        }
        return newer
    }
}
