import Testing

@testable import CofferAge

@Suite("Writing and reading")
struct RoundTripTests {
    @Test("sizes around the chunk's, in pieces of every kind", arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
    func sizes(_ size: Int) throws {
        let identity = try AgeIdentity.random()
        let plaintext = pattern(size)
        for (written, read) in [(Int.max, Int.max), (65_536, 65_552), (1_000, 70_000), (70_000, 333)] {
            let (file, fileKey) = try AgeFiles.seal(plaintext, .recipients([identity.recipient]), pieces: written)
            #expect(AgeFiles.open(file, .identities([identity]), pieces: read) == (plaintext, nil))
            #expect(AgeFiles.open(file, .fileKey(fileKey), pieces: read) == (plaintext, nil))
        }
    }

    @Test("each of several recipients opens it, and nobody else")
    func recipients() throws {
        let identities = try (0..<5).map { _ in try AgeIdentity.random() }
        // One that is named twice has one stanza.
        let lock = AgeLock.recipients(identities.map(\.recipient) + [identities[0].recipient])
        let (file, _) = try AgeFiles.seal([1, 2, 3], lock)
        #expect(String(decoding: file, as: UTF8.self).ranges(of: "-> X25519").count == 5)
        for identity in identities { #expect(AgeFiles.open(file, .identities([identity])) == ([1, 2, 3], nil)) }
        let stranger = try AgeIdentity.random()
        #expect(AgeFiles.open(file, .identities([stranger])).failure?.code == .noMatch)
        #expect(AgeFiles.open(file, .identities([])).failure?.code == .noMatch)
        #expect(AgeFiles.open(file, .identities([stranger, identities[3]])) == ([1, 2, 3], nil))
    }

    @Test("a passphrase opens it, another does not; a limit below its work refuses it")
    func passphrases() throws {
        let passphrase = try AgeFiles.passphrase("pass phrase")
        let (file, fileKey) = try AgeFiles.seal([1, 2, 3], .passphrase(passphrase, workFactor: 4))
        #expect(AgeFiles.open(file, .passphrase(passphrase, largestWorkFactor: 4)) == ([1, 2, 3], nil))
        #expect(AgeFiles.open(file, .passphrase(passphrase, largestWorkFactor: 3)).failure?.code == .workFactor)
        #expect(AgeFiles.open(file, .passphrase(try AgeFiles.passphrase("pass phrasf"), largestWorkFactor: 4)).failure?.code == .noMatch)
        #expect(AgeFiles.open(file, .identities([try .random()])).failure?.code == .noMatch)
        #expect(AgeFiles.open(file, .fileKey(fileKey)) == ([1, 2, 3], nil))
    }

    @Test("a file key opens its own file and no other")
    func fileKeys() throws {
        let lock = AgeLock.recipients([try AgeIdentity.random().recipient])
        let (file, _) = try AgeFiles.seal([1], lock)
        let (_, other) = try AgeFiles.seal([1], lock)
        #expect(AgeFiles.open(file, .fileKey(other)).failure?.code == .badMAC)
    }

    @Test("nothing of a file is written twice")
    func randomness() throws {
        let lock = AgeLock.recipients([try AgeIdentity.random().recipient])
        let files = try (0..<20).map { _ in try AgeFiles.seal(pattern(40), lock).file }
        let tails = Set(files.map { Array($0.suffix(40 + 16 + 16)) })
        #expect(Set(files).count == 20 && tails.count == 20)
    }

    @Test("locks that nobody could open are refused")
    func refusedLocks() throws {
        #expect(code { _ = try AgeFiles.seal([], .recipients([])) } == .invalidRecipient)
        let many = try (0..<1_001).map { _ in try AgeIdentity.random().recipient }
        #expect(code { _ = try AgeFiles.seal([], .recipients(many)) } == .invalidRecipient)
        for workFactor in [Int.min, -1, 0, 23, 40, .max] {
            #expect(code { _ = try AgeFiles.seal([], .passphrase(try AgeFiles.passphrase("x"), workFactor: workFactor)) } == .workFactor)
        }
    }

    @Test("a thousand recipients fit")
    func manyRecipients() throws {
        let identities = try (0..<1_000).map { _ in try AgeIdentity.random() }
        let (file, _) = try AgeFiles.seal([7], .recipients(identities.map(\.recipient)))
        #expect(AgeFiles.open(file, .identities([identities[999]])) == ([7], nil))
    }

    @Test("behind the end and behind an error nothing goes on")
    func afterTheEnd() throws {
        let identity = try AgeIdentity.random()
        var encryptor = try AgeEncryptor(.recipients([identity.recipient]))
        var file: [UInt8] = []
        try encryptor.finish(into: &file)
        let whole = file
        var codes: [AgeError.Code] = []
        do throws(AgeError) { try encryptor.finish(into: &file) } catch { codes.append(error.code) }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        do throws(AgeError) { try encryptor.update(nothing, into: &file) } catch { codes.append(error.code) }
        #expect(codes == [.finished, .finished] && file == whole)

        var decryptor = AgeDecryptor(.identities([identity]))
        var plaintext: [UInt8] = []
        let first = WipedBuffer(capacity: 4)
        withUnsafeBytes(of: UInt32(0x2121_2121)) { _ = first.append($0) }
        codes = []
        do throws(AgeError) { try decryptor.update(first.bytes, into: &plaintext) } catch { codes.append(error.code) }
        do throws(AgeError) { try decryptor.update(first.bytes, into: &plaintext) } catch { codes.append(error.code) }
        do throws(AgeError) { try decryptor.finish(into: &plaintext) } catch { codes.append(error.code) }
        #expect(codes == [.notAnAgeFile, .notAnAgeFile, .notAnAgeFile])
    }
}
