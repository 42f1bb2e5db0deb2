import Testing

@testable import CofferAge

@Suite("HKDF")
struct DerivationTests {
    private static func hex(_ text: String) -> [UInt8] {
        stride(from: 0, to: text.utf8.count, by: 2).compactMap { UInt8(text.dropFirst($0).prefix(2), radix: 16) }
    }

    /// RFC 5869, appendix A.3: the first block is all that is used here.
    @Test("without salt and info")
    func empty() throws {
        let secret = [UInt8](repeating: 0x0B, count: 22)
        let key = try secret.withUnsafeBytes {
            try KeyDerivation.derive($0, salt: UnsafeRawBufferPointer(start: nil, count: 0), info: "")
        }
        #expect(Array(key.bytes) == Self.hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"))
    }

    /// RFC 4231, case 2.
    @Test("HMAC-SHA-256 of a text in parts")
    func authentication() {
        var output = [UInt8](repeating: 0, count: 32)
        Array("Jefe".utf8).withUnsafeBytes { key in
            Array("what do ya ".utf8).withUnsafeBytes { first in
                Array("want for nothing?".utf8).withUnsafeBytes { second in
                    output.withUnsafeMutableBytes { output in
                        guard let base = output.baseAddress else { return }
                        KeyDerivation.authenticate([first, second], key: key, to: base)
                    }
                }
            }
        }
        #expect(output == Self.hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    }
}
