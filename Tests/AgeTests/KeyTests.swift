import Testing

@testable import CofferAge

@Suite("Recipients, identities, passphrases")
struct KeyTests {
    /// From the specification.
    private static let identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
    private static let recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

    private static func refusal(_ recipient: String) -> AgeError? {
        do throws(AgeError) {
            _ = try AgeRecipient(recipient)
            return nil
        } catch {
            return error
        }
    }

    private static func identityRefusal(_ text: String) -> AgeError? {
        do throws(AgeError) {
            _ = try AgeIdentity(text.utf8)
            return nil
        } catch {
            return error
        }
    }

    @Test("the specification's identity has the specification's recipient")
    func example() throws {
        let identity = try AgeIdentity(Self.identity.utf8)
        #expect(identity.recipient.description == Self.recipient)
        #expect(try AgeRecipient(Self.recipient) == identity.recipient)
        #expect(identity.withText { String(decoding: $0, as: UTF8.self) } == Self.identity)
        // Capitals alone, or small letters alone.
        #expect(try AgeRecipient(Self.recipient.uppercased()) == identity.recipient)
        #expect(try AgeIdentity(Self.identity.lowercased().utf8).recipient == identity.recipient)
    }

    @Test("a new identity is written and read again")
    func random() throws {
        for _ in 0..<20 {
            let identity = try AgeIdentity.random()
            let text = identity.withText { Array($0) }
            #expect(text.count == 74 && String(decoding: text, as: UTF8.self).hasPrefix("AGE-SECRET-KEY-1"))
            #expect(try AgeIdentity(text).recipient == identity.recipient)
            #expect(try AgeRecipient("\(identity.recipient)") == identity.recipient)
        }
    }

    @Test("a recipient with any one letter wrong is refused and named")
    func wrongLetters() {
        let letters = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio")
        for index in 4..<Self.recipient.count {
            for letter in letters where letter != Array(Self.recipient)[index] {
                var wrong = Array(Self.recipient)
                wrong[index] = letter
                let text = String(wrong)
                let refusal = Self.refusal(text)
                #expect(refusal?.code == .invalidRecipient && refusal?.message.contains(text) == true, "\(text)")
            }
        }
    }

    @Test("what is no recipient")
    func noRecipients() throws {
        let swapped = Self.recipient.prefix(30) + String(Self.recipient.dropFirst(30).prefix(2).reversed()) + Self.recipient.dropFirst(32)
        let mixed = Self.recipient.prefix(61) + "J"
        let wrongs = [
            "", "age", "age1", Self.recipient + "q", String(Self.recipient.dropLast()), String(swapped), String(mixed),
            " " + Self.recipient, Self.recipient + "\n", "ssh-ed25519 AAAA", "é",
            "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
        ]
        for wrong in wrongs { #expect(Self.refusal(wrong)?.code == .invalidRecipient, "\(wrong)") }
        // Spare bits, with a right checksum.
        #expect(Self.refusal(Self.bech32("age", Array(repeating: 1, count: 52)))?.code == .invalidRecipient)
        // A point that gives the same secret with every key.
        #expect(Self.refusal(AgeRecipient(key: [UInt8](repeating: 0, count: 32)).description)?.message.contains("anybody") == true)
        // What may be somebody's secret is not repeated.
        for secret in [Self.identity, Self.identity.lowercased(), "hunter2hunter2"] {
            let message = try #require(Self.refusal(secret)?.message)
            #expect(!message.lowercased().contains(secret.lowercased().suffix(12)))
        }
    }

    @Test("a wrong identity is refused, and nothing of it is told")
    func wrongIdentities() throws {
        for index in Self.identity.indices {
            for letter in "QZ2-1bo" where letter != Self.identity[index] {
                let wrong = Self.identity.replacingCharacter(at: index, with: letter)
                let refusal = try #require(Self.identityRefusal(wrong), "\(wrong)")
                #expect(refusal.code == .invalidIdentity && !refusal.message.contains("GFPYYSJZ"))
            }
        }
        let wrongs = [
            "", "AGE-SECRET-KEY-1", Self.identity + "Q", String(Self.identity.dropLast()), Self.recipient,
            String(repeating: "A", count: 9_999),
            "AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR",
        ]
        for wrong in wrongs { #expect(Self.identityRefusal(wrong)?.code == .invalidIdentity) }
    }

    @Test("files of identities: comments, blank lines, line ends of both kinds; a wrong line is named")
    func identityFiles() throws {
        let one = try AgeIdentity.random().withText { String(decoding: $0, as: UTF8.self) }
        #expect(try AgeFiles.identities("# created\r\n\r\n  \(one)  \r\n\t# x\n\(Self.identity)").count == 2)
        func refusal(_ text: String) -> AgeError? {
            do { _ = try AgeFiles.identities(text) } catch { return error as? AgeError }
            return nil
        }
        let wrong = try #require(refusal("# x\n\n\(one)\n\(one.dropLast())\n"))
        #expect(wrong.code == .invalidIdentity && wrong.message.hasPrefix("line 4: "))
        #expect(!wrong.message.contains(one.dropFirst(20).dropLast(2)))
        #expect(refusal("")?.code == .invalidIdentity)
        #expect(refusal("# nothing\n")?.code == .invalidIdentity)
        #expect(refusal("age-encryption.org/v1\n-> X25519 x\n")?.message.contains("encrypted") == true)
        #expect(refusal("-----BEGIN AGE ENCRYPTED FILE-----\n")?.message.contains("encrypted") == true)
        #expect(refusal("\(one) \(one)\n")?.code == .invalidIdentity)
        #expect(refusal(Self.recipient)?.message.contains("a recipient") == true)
        #expect(refusal(String(repeating: one + "\n", count: 1_001))?.message.contains("1000") == true)
    }

    @Test("files of recipients")
    func recipientFiles() throws {
        func read(_ text: String) throws -> [AgeRecipient] { try Array(text.utf8).withUnsafeBytes { try AgeRecipientsFile.read($0) } }
        #expect(try read("# us\n\(Self.recipient)\r\n\n \(Self.recipient)\n").count == 2)
        #expect(code { _ = try read("#\n") } == .invalidRecipient)
        do {
            _ = try read("\n\(Self.recipient)\n\(Self.identity)\n")
            Issue.record("an identity was taken for a recipient")
        } catch let error as AgeError {
            #expect(error.message.hasPrefix("line 3: ") && !error.message.contains("GFPYYSJZ"))
        }
    }

    @Test("passphrases: empty, too long, with a line end")
    func passphrases() throws {
        for wrong in ["", String(repeating: "x", count: 1_025), "a\nb", "a\n", "a\r"] {
            #expect(code { _ = try AgeFiles.passphrase(wrong) } == .invalidPassphrase)
        }
        for right in ["x", String(repeating: "x", count: 1_024), "\0", "é \t"] { _ = try AgeFiles.passphrase(right) }
    }

    /// Any groups with the checksum that they have.
    private static func bech32(_ word: String, _ groups: [UInt8]) -> String {
        let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l")
        let generators: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
        var check: UInt32 = 1
        for value in word.utf8.map({ $0 >> 5 }) + [0] + word.utf8.map({ $0 & 31 }) + groups + [0, 0, 0, 0, 0, 0] {
            let top = check >> 25
            check = (check & 0x1FF_FFFF) << 5 ^ UInt32(value)
            for bit in 0..<5 where top >> UInt32(bit) & 1 == 1 { check ^= generators[bit] }
        }
        check ^= 1
        let end = (0..<6).map { UInt8(check >> UInt32(25 - 5 * $0) & 31) }
        return word + "1" + String((groups + end).map { alphabet[Int($0)] })
    }
}

private extension String {
    func replacingCharacter(at index: Index, with character: Character) -> String {
        String(self[..<index]) + String(character) + self[self.index(after: index)...]
    }
}
