import Testing

@testable import CofferAudit
@testable import CofferStore

@Suite struct BlockTests {
    /// Keys that are the same in each run.
    static func keys() throws -> AuditKeys {
        let entries = KeyPurpose.allCases.enumerated().map { index, purpose in
            Result { () throws(StoreError) in
                KeyringEntry(
                    id: UInt32(index + 1), purpose: purpose, suite: .xchacha20poly1305, state: .sealing, sealCount: 0, limit: 1 << 30,
                    key: try GuardedBytes(count: 32) { bytes in bytes.initializeMemory(as: UInt8.self, repeating: UInt8(index + 1)) })
            }
        }
        return try AuditKeys(Keyring(entries: try entries.map { try $0.get() }))
    }

    private static func seal(_ plaintext: [UInt8], segment: UInt64, first: UInt64, link: inout [UInt8], _ keys: AuditKeys) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Block.headerSize + plaintext.count + AuditKeys.overhead) { output, count in
            count = link.withUnsafeMutableBytes { link in
                plaintext.withUnsafeBytes {
                    Block.seal(
                        $0, segment: segment, firstSequence: first, count: 1, link: link.octets, keys: keys, to: UnsafeMutableRawPointer(output.baseAddress!))
                }
            }
        }
    }

    private static func open(_ block: [UInt8], segment: UInt64, link: inout [UInt8], _ keys: AuditKeys) -> [UInt8]? {
        guard let header = block.withUnsafeBytes({ Block.Header($0) }) else { return nil }
        var authentic = false
        let plaintext = [UInt8](unsafeUninitializedCapacity: block.count) { output, count in
            authentic = link.withUnsafeMutableBytes { link in
                block.withUnsafeBytes { bytes in
                    Block.open(
                        UnsafeRawBufferPointer(rebasing: bytes[Block.headerSize...]), header, segment: segment, link: link.octets, keys: keys,
                        to: output.baseAddress!)
                }
            }
            count = authentic ? Int(header.length) - AuditKeys.overhead : 0
        }
        return authentic ? plaintext : nil
    }

    private static let plaintext = [UInt8](repeating: 0x5A, count: 64)
    private static let start = ChainHead.start.link

    @Test func opensOnlyInItsPlace() throws {
        let keys = try Self.keys()
        var link = Self.start
        let block = Self.seal(Self.plaintext, segment: 3, first: 10, link: &link, keys)
        var other = Self.start
        #expect(Self.open(block, segment: 3, link: &other, keys) == Self.plaintext)
        #expect(other == link)
        var wrong = Self.start
        #expect(Self.open(block, segment: 4, link: &wrong, keys) == nil)
        #expect(wrong == Self.start, "a block that does not open moves nothing")
        wrong = link
        #expect(Self.open(block, segment: 3, link: &wrong, keys) == nil)
    }

    @Test func everyFlippedBitShows() throws {
        let keys = try Self.keys()
        var link = Self.start
        let block = Self.seal(Self.plaintext, segment: 1, first: 1, link: &link, keys)
        for index in block.indices {
            for bit in 0..<8 {
                var changed = block
                changed[index] ^= 1 << UInt8(bit)
                var from = Self.start
                #expect(Self.open(changed, segment: 1, link: &from, keys) == nil)
            }
        }
    }

    @Test func headersOfFilesAreBoundToTheStore() throws {
        let keys = try Self.keys()
        let store = [UInt8](repeating: 9, count: 16)
        let header = SegmentHeader(keyID: keys.id, storeID: store, number: 2, firstSequence: 5, link: Self.start, created: 77)
        let bytes = header.encoded(keys)
        #expect(bytes.count == SegmentHeader.size)
        #expect(try SegmentHeader(decoding: bytes, keys, storeID: store) == header)
        #expect(code { try SegmentHeader(decoding: bytes, keys, storeID: [UInt8](repeating: 8, count: 16)) } == .damaged)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(code { try SegmentHeader(decoding: changed, keys, storeID: store) } != nil)
        }
        for end in 0..<bytes.count { #expect(code { try SegmentHeader(decoding: Array(bytes[..<end]), keys, storeID: store) } == .damaged) }
    }
}
