import CofferStore
import CSodium
import Glibc

/// Reads one file of the log from its beginning, block by block, and verifies each.
final class SegmentReader {
    enum Next {
        /// The plaintext is valid until the next call.
        case block(Block.Header, UnsafeRawBufferPointer)
        case end
        /// What lies at ``SegmentReader/offset`` is no block that belongs there.
        case bad(String)
    }

    let number: UInt64
    let header: SegmentHeader
    /// Where the next block begins.
    private(set) var offset = SegmentHeader.size
    /// The link behind the blocks that were read.
    private(set) var link: [UInt8]
    /// Of the next record.
    private(set) var nextSequence: UInt64
    /// Bytes of the file that count.
    let length: Int

    private let path: String
    private let descriptor: Int32
    private let keys: AuditKeys
    private let sealed: UnsafeMutableRawPointer
    private let plaintext: UnsafeMutableRawPointer
    private static let room = Block.largestPlaintext + AuditKeys.overhead

    /// - Parameter limit: what lies behind is not looked at (it is being written); `nil`: all counts.
    /// - Throws: `system` where it cannot be read; `damaged`, `unknown-format`, `unknown-key`.
    init(_ folder: AuditFolder, number: UInt64, keys: AuditKeys, storeID: [UInt8], limit: Int? = nil) throws(StoreError) {
        let path = folder.path(of: number)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw StoreError(.system, "cannot open \(path): \(String(cString: strerror(errno)))") }
        do throws(StoreError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw StoreError(.system, "cannot look at \(path)") }
            length = min(Int(status.st_size), limit ?? .max)
            var bytes = [UInt8](repeating: 0, count: SegmentHeader.size)
            let count = bytes.withUnsafeMutableBytes { Self.read(descriptor, $0, at: 0) }
            header = try SegmentHeader(decoding: Array(bytes.prefix(max(count, 0))), keys, storeID: storeID)
            guard header.number == number else { throw StoreError(.damaged, "\(path) is file \(header.number) of the log") }
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        self.number = number
        self.keys = keys
        link = header.link
        nextSequence = header.firstSequence
        sealed = .allocate(byteCount: Self.room, alignment: 16)
        plaintext = .allocate(byteCount: Self.room, alignment: 16)
    }

    deinit {
        close(descriptor)
        sodium_memzero(plaintext, Self.room)
        sealed.deallocate()
        plaintext.deallocate()
    }

    private static func read(_ descriptor: Int32, _ output: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        var done = 0
        while done < output.count {
            let count = pread(descriptor, output.baseAddress.map { $0 + done }, output.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return count < 0 ? count : done }
            done += count
        }
        return done
    }

    /// - Throws: `system` where the disk fails.
    func next() throws(StoreError) -> Next {
        guard offset < length else { return .end }
        let here = UnsafeMutableRawBufferPointer(start: sealed, count: Self.room)
        let head = UnsafeMutableRawBufferPointer(rebasing: here[..<Block.headerSize])
        let got = Self.read(descriptor, head, at: offset)
        guard got >= 0 else { throw failed }
        guard length - offset >= Block.headerSize, let header = Block.Header(UnsafeRawBufferPointer(head)) else {
            return .bad("\(length - offset) bytes that are no block")
        }
        guard length - offset >= Block.headerSize + Int(header.length) else { return .bad("an unfinished block") }
        guard header.firstSequence == nextSequence else {
            return .bad("record \(header.firstSequence) where record \(nextSequence) belongs")
        }
        let body = UnsafeMutableRawBufferPointer(rebasing: here[..<Int(header.length)])
        let count = Self.read(descriptor, body, at: offset + Block.headerSize)
        guard count >= 0 else { throw failed }
        guard count == body.count else { return .bad("an unfinished block") }
        let authentic = link.withUnsafeMutableBytes { link in
            Block.open(
                UnsafeRawBufferPointer(body), header, segment: number, link: link.octets, keys: keys,
                to: plaintext.assumingMemoryBound(to: UInt8.self))
        }
        guard authentic else { return .bad("a block that does not authenticate where it lies") }
        offset += Block.headerSize + Int(header.length)
        nextSequence = header.lastSequence &+ 1
        return .block(header, UnsafeRawBufferPointer(start: plaintext, count: Int(header.length) - AuditKeys.overhead))
    }

    /// What lies from ``offset`` on, told by 32 bytes.
    /// - Throws: `system`.
    func restDigest() throws(StoreError) -> [UInt8] { try FileDigest.of(path, from: offset, to: length) }

    private var failed: StoreError { StoreError(.system, "cannot read file \(number) of the audit log: \(String(cString: strerror(errno)))") }
}
