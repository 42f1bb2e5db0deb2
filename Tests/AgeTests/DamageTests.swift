import Testing

@testable import CofferAge

@Suite("Damage")
struct DamageTests {
    /// Whatever the bit, a typed error, and no wrong byte.
    @Test("each flipped bit is found")
    func flips() throws {
        let identity = try AgeIdentity.random()
        let plaintext: [UInt8] = [1, 2, 3, 4, 5]
        let (file, fileKey) = try AgeFiles.seal(plaintext, .recipients([identity.recipient]))
        for index in file.indices {
            for bit in 0..<8 {
                var wrong = file
                wrong[index] ^= 1 << UInt8(bit)
                let (given, failure) = AgeFiles.open(wrong, .identities([identity]))
                #expect(failure != nil && given.isEmpty, "byte \(index), bit \(bit)")
            }
            // With the file key in hand the recipients' stanza is not opened, and the MAC still sees it.
            var wrong = file
            wrong[index] ^= 0x10
            #expect(AgeFiles.open(wrong, .fileKey(fileKey)).failure != nil, "byte \(index)")
        }
    }

    @Test("each flipped bit of armor is found")
    func armor() throws {
        let armored = try #require(VectorFile.all.first { $0.name == "armor" })
        let unlock = try armored.unlock
        #expect(AgeFiles.open(armored.file, unlock).failure == nil)
        for index in armored.file.indices {
            for bit in 0..<8 {
                var wrong = armored.file
                wrong[index] ^= 1 << UInt8(bit)
                #expect(AgeFiles.open(wrong, unlock).failure != nil, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test("each cut and each byte too much is found")
    func cuts() throws {
        let identity = try AgeIdentity.random()
        let (file, _) = try AgeFiles.seal([1, 2, 3, 4, 5], .recipients([identity.recipient]))
        for length in 0..<file.count {
            let (given, failure) = AgeFiles.open(Array(file[..<length]), .identities([identity]))
            #expect(given.isEmpty && failure != nil, "\(length) bytes")
            #expect(failure?.code == .truncated || failure?.code == .damaged)
        }
        for more in [[0], [10], Array(repeating: 0, count: 70_000), file] as [[UInt8]] {
            let (_, failure) = AgeFiles.open(file + more, .identities([identity]))
            #expect(failure?.code == .damaged)
        }
    }

    /// What was given out before is a beginning of the right plaintext, chunk by chunk.
    @Test("chunks that change places, are missing or come twice are found")
    func chunks() throws {
        let identity = try AgeIdentity.random()
        let plaintext = pattern(Chunk.size * 3 + 100)
        let (file, _) = try AgeFiles.seal(plaintext, .recipients([identity.recipient]))
        let tail = Chunk.sealedSize * 3 + 100 + Chunk.tagSize
        let head = Array(file[..<(file.count - tail)])
        let body = Array(file[head.count...])
        let chunks = stride(from: 0, to: body.count, by: Chunk.sealedSize).map { start in
            Array(body[start..<min(body.count, start + Chunk.sealedSize)])
        }
        #expect(chunks.count == 4)
        let orders = [
            [1, 0, 2, 3], [0, 2, 1, 3], [0, 1, 3], [0, 2, 3], [1, 2, 3], [0, 0, 1, 2, 3], [0, 1, 1, 2, 3], [0, 1, 2, 3, 3], [0, 1, 2, 2],
            [0, 1, 2], [0, 3], [3], [0, 1, 3, 2],
        ]
        for order in orders {
            let (given, failure) = AgeFiles.open(head + order.flatMap { chunks[$0] }, .identities([identity]), pieces: 50_000)
            #expect(failure?.code == .damaged || failure?.code == .truncated, "\(order)")
            #expect(plaintext.starts(with: given) && given.count % Chunk.size == 0 || given.count == plaintext.count, "\(order)")
        }
        let other = try AgeFiles.seal(plaintext, .recipients([identity.recipient])).file
        let foreign = head + chunks[0] + Array(other[(other.count - tail)...][(other.count - tail + Chunk.sealedSize)...])
        let (given, failure) = AgeFiles.open(foreign, .identities([identity]))
        #expect(failure?.code == .damaged && given == Array(plaintext[..<Chunk.size]))
    }

    @Test("what is no age file is refused at its first bytes, however long it is")
    func foreign() throws {
        let unlock = AgeUnlock.identities([try .random()])
        let files: [[UInt8]] = [
            [0x00], Array("PK".utf8), Array("age".utf8) + [0], Array("{\"coffer\"".utf8), Array(repeating: 0xFF, count: 300_000),
        ]
        for file in files {
            var decryptor = AgeDecryptor(unlock)
            var plaintext: [UInt8] = []
            let code = code { try file.withUnsafeBytes { try decryptor.update($0, into: &plaintext) } }
            #expect(code == .notAnAgeFile)
        }
        #expect(AgeFiles.open([], unlock).failure?.code == .truncated)
        // A beginning that could become one is not judged before its end.
        for length in 1...21 {
            #expect(AgeFiles.open(Array("age-encryption.org/v1".utf8.prefix(length)), unlock).failure?.code == .truncated)
        }
    }
}
