import CofferStore
import CSodium

/// Records that were written together, as they lie in a file.
///
///     length u32 (of the sealed part) ‖ first sequence u64 ‖ count u32 ‖ nonce 24 ‖ ciphertext ‖ tag 16
///
/// Sealed with the label, file, first sequence, count, length and the link before as associated data: a block opens only in its place.
/// Its link is the keyed hash of the link before and of its own header, nonce and tag. The plaintext begins with what the writer knew of
/// the store: incarnation 16 ‖ last committed revision u64 ‖ time u64.
enum Block {
    static let headerSize = 4 + 8 + 4
    static let prologueSize = 16 + 8 + 8
    /// Of the plaintext; one record more may lie behind it.
    static let usualPlaintext = 128 << 10
    static let largestPlaintext = usualPlaintext + (64 << 10) + prologueSize
    private static let sealLabel: StaticString = "coffer/a"
    private static let linkLabel: StaticString = "coffer/l"

    struct Header: Equatable {
        /// Of the sealed part.
        var length: UInt32
        var firstSequence: UInt64
        var count: UInt32

        var lastSequence: UInt64 { firstSequence &+ UInt64(count) &- 1 }

        func write(to output: UnsafeMutableRawPointer) {
            output.storeBytes(of: length.bigEndian, as: UInt32.self)
            output.storeBytes(of: firstSequence.bigEndian, toByteOffset: 4, as: UInt64.self)
            output.storeBytes(of: count.bigEndian, toByteOffset: 12, as: UInt32.self)
        }

        /// `nil`: no block can have such a header.
        init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count >= Block.headerSize else { return nil }
            length = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
            firstSequence = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
            count = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
            guard Int(length) >= AuditKeys.overhead + Block.prologueSize, Int(length) <= Block.largestPlaintext + AuditKeys.overhead, count > 0
            else { return nil }
        }

        init(length: UInt32, firstSequence: UInt64, count: UInt32) {
            self.length = length
            self.firstSequence = firstSequence
            self.count = count
        }
    }

    /// What the writer knew of the store.
    struct Prologue: Equatable, Sendable {
        /// 16 bytes.
        var incarnation: [UInt8]
        var committed: UInt64
        var time: UInt64

        var place: StorePlace { StorePlace(incarnation: incarnation, revision: committed) }
    }

    /// Seals `plaintext` behind its header at `output`, which has room for both and ``AuditKeys/overhead``. Moves `link` on.
    static func seal(
        _ plaintext: UnsafeRawBufferPointer, segment: UInt64, firstSequence: UInt64, count: UInt32, link: UnsafeMutablePointer<UInt8>,
        keys: AuditKeys, to output: UnsafeMutableRawPointer
    ) -> Int {
        let header = Header(length: UInt32(plaintext.count + AuditKeys.overhead), firstSequence: firstSequence, count: count)
        header.write(to: output)
        let sealed = (output + headerSize).assumingMemoryBound(to: UInt8.self)
        withAssociated(header, segment: segment, link: link) { keys.seal(plaintext, associated: $0, to: sealed) }
        advance(link, header, segment: segment, sealed: UnsafeRawBufferPointer(start: sealed, count: Int(header.length)), keys: keys)
        return headerSize + Int(header.length)
    }

    /// Opens the sealed part of a block at `output`, which has room for it. Moves `link` on where it is authentic.
    static func open(
        _ sealed: UnsafeRawBufferPointer, _ header: Header, segment: UInt64, link: UnsafeMutablePointer<UInt8>, keys: AuditKeys,
        to output: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        guard sealed.count == Int(header.length) else { return false }
        let authentic = withAssociated(header, segment: segment, link: link) { keys.open(sealed, associated: $0, to: output) }
        if authentic { advance(link, header, segment: segment, sealed: sealed, keys: keys) }
        return authentic
    }

    private static func withAssociated<T>(
        _ header: Header, segment: UInt64, link: UnsafeMutablePointer<UInt8>, _ body: (UnsafeRawBufferPointer) -> T
    ) -> T {
        let size = 8 + 1 + 8 + headerSize + AuditKeys.linkSize
        return withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { scratch in
            let base = UnsafeMutableRawPointer(scratch.octets)
            base.copyMemory(from: sealLabel.utf8Start, byteCount: 8)
            base.storeBytes(of: SegmentHeader.format, toByteOffset: 8, as: UInt8.self)
            base.storeBytes(of: segment.bigEndian, toByteOffset: 9, as: UInt64.self)
            header.write(to: base + 17)
            (base + 17 + headerSize).copyMemory(from: link, byteCount: AuditKeys.linkSize)
            return body(UnsafeRawBufferPointer(scratch))
        }
    }

    private static func advance(
        _ link: UnsafeMutablePointer<UInt8>, _ header: Header, segment: UInt64, sealed: UnsafeRawBufferPointer, keys: AuditKeys
    ) {
        let size = 8 + AuditKeys.linkSize + 8 + headerSize + AuditKeys.overhead
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { scratch in
            let base = UnsafeMutableRawPointer(scratch.octets)
            base.copyMemory(from: linkLabel.utf8Start, byteCount: 8)
            (base + 8).copyMemory(from: link, byteCount: AuditKeys.linkSize)
            var offset = 8 + AuditKeys.linkSize
            base.storeBytes(of: segment.bigEndian, toByteOffset: offset, as: UInt64.self)
            offset += 8
            header.write(to: base + offset)
            offset += headerSize
            (base + offset).copyMemory(from: sealed.octets, byteCount: 24)
            (base + offset + 24).copyMemory(from: sealed.octets + sealed.count - 16, byteCount: 16)
            keys.link(UnsafeRawBufferPointer(scratch), to: link)
        }
    }

    // MARK: Plaintext

    static func begin(_ prologue: Prologue, in buffer: RecordBuffer) {
        buffer.removeAll()
        prologue.incarnation.withUnsafeBytes { buffer.put($0) }
        buffer.put(prologue.committed)
        buffer.put(prologue.time)
    }

    static func prologue(from reader: inout FieldReader) throws(StoreError) -> Prologue {
        Prologue(incarnation: try reader.raw(16), committed: try reader.u64(), time: try reader.u64())
    }
}

extension Block.Prologue {
    /// Of a block that gets its time when it is written.
    init(_ place: StorePlace) { self.init(incarnation: place.incarnation, committed: place.revision, time: 0) }
}
