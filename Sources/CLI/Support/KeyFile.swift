import CLinux
import CofferClient
import Glibc

/// Files that hold the 32 bytes of a slot's secret: 64 hexadecimal digits and a line end.
enum KeyFile {
    static let size = 32

    /// 32 bytes of the kernel's generator.
    static func draw() throws -> SecretBytes {
        try SecretBytes(unsafeUninitializedCapacity: size) { buffer in
            let status = coffer_client_random(buffer.baseAddress, buffer.count)
            guard status == 0 else { throw CommandFailure.failed("the system gives no random bytes: \(SystemError.text(-status))") }
            return buffer.count
        }
    }

    /// Writes a new file, mode 0600; one that is there is left as it is. Until ``Interrupts/finished(_:)`` a signal removes it.
    static func create(_ path: String, _ key: SecretBytes) throws { try NewSecretFile.create(path, hex(key)) }

    /// Removes a file that was just made.
    static func discard(_ path: String) { NewSecretFile.discard(path) }

    /// Reads 64 hexadecimal digits (with or without a line end), or 32 bytes.
    static func read(_ path: String) throws -> SecretBytes {
        let content = try SecretInput.whole(file: path, limit: 1_024, "the key file")
        if content.count == size { return content }
        let text = SecretInput.withoutLineEnd(content)
        guard text.count == size * 2 else { throw notAKey(path) }
        return try SecretBytes(unsafeUninitializedCapacity: size) { buffer in
            try text.withUnsafeBytes { text in
                for index in 0..<size {
                    guard let high = digit(text[index * 2]), let low = digit(text[index * 2 + 1]) else { throw notAKey(path) }
                    buffer[index] = high << 4 | low
                }
            }
            return size
        }
    }

    private static func notAKey(_ path: String) -> CommandFailure {
        .badInput("'\(Printable.text(path))' is not a key file: it must have 64 hexadecimal digits, or 32 bytes")
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func hex(_ key: SecretBytes) -> SecretBytes {
        let digits = Array("0123456789abcdef".utf8)
        return SecretBytes(unsafeUninitializedCapacity: key.count * 2 + 1) { buffer in
            key.withUnsafeBytes { key in
                for index in 0..<key.count {
                    buffer[index * 2] = digits[Int(key[index] >> 4)]
                    buffer[index * 2 + 1] = digits[Int(key[index] & 15)]
                }
            }
            buffer[buffer.count - 1] = UInt8(ascii: "\n")
            return buffer.count
        }
    }
}
