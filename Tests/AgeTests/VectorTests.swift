import Testing

@testable import CofferAge

@Suite("Vectors")
struct VectorTests {
    private static let codes: [String: Set<AgeError.Code>] = [
        "header failure": [.badHeader, .notAnAgeFile, .unknownFormat, .workFactor, .truncated],
        "no match": [.noMatch],
        "HMAC failure": [.badMAC],
        "payload failure": [.damaged, .truncated],
        // Something in front of armor is no armor.
        "armor failure": [.badArmor, .truncated, .notAnAgeFile],
    ]

    @Test("they are there")
    func present() {
        #expect(VectorFile.all.count == VectorFile.names(VectorFile.folder + "/cases").count)
        #expect(VectorFile.all.count > 140)
    }

    /// In whatever pieces a file comes, the same comes of it.
    @Test("each ends as it must", arguments: VectorFile.all)
    func vector(_ vector: VectorFile) throws {
        let unlock = try vector.unlock
        for pieces in [Int.max, 1, 7, 64] {
            let (plaintext, failure) = AgeFiles.open(vector.file, unlock, pieces: pieces)
            if vector.expect == "success" {
                #expect(failure == nil)
            } else {
                let codes = try #require(Self.codes[vector.expect])
                #expect(failure.map { codes.contains($0.code) } == true, "\(failure?.description ?? "nothing failed")")
            }
            #expect(sha256(plaintext) == vector.payload ?? sha256([]))
        }
    }

    @Test("an age file whose header asks for 2^40 is refused by its number alone, and 2^21 where the limit is 20")
    func workFactors() throws {
        for name in ["scrypt_work_factor_40", "scrypt_work_factor_21", "scrypt_work_factor_overflow", "scrypt_work_factor_endless"] {
            let vector = try #require(VectorFile.all.first { $0.name == name })
            #expect(try AgeFiles.open(vector.file, vector.unlock).failure?.code == .workFactor)
            // No limit goes above 22.
            guard name != "scrypt_work_factor_21", let passphrase = vector.passphrase else { continue }
            let unlock = AgeUnlock.passphrase(try AgeFiles.passphrase(passphrase), largestWorkFactor: .max)
            #expect(AgeFiles.open(vector.file, unlock).failure?.code == .workFactor)
        }
    }

    @Test("what stock age wrote opens")
    func stock() throws {
        let folder = VectorFile.folder + "/stock"
        let plaintext = VectorFile.bytes(folder + "/plaintext")
        #expect(!plaintext.isEmpty)
        let identities = try VectorFile.bytes(folder + "/identity").withUnsafeBytes { try AgeIdentityFile.read($0) }
        for name in ["recipient.age", "armored.age"] {
            #expect(AgeFiles.open(VectorFile.bytes("\(folder)/\(name)"), .identities(identities)) == (plaintext, nil))
        }
        let passphrase = try AgeFiles.passphrase("correct horse battery staple")
        let unlock = AgeUnlock.passphrase(passphrase, largestWorkFactor: AgeLock.defaultWorkFactor)
        #expect(AgeFiles.open(VectorFile.bytes(folder + "/passphrase.age"), unlock) == (plaintext, nil))
    }
}
