import Testing

@testable import CofferAge

/// Small steps that all tests here take.
enum AgeFiles {
    static func seal(_ plaintext: [UInt8], _ lock: AgeLock, pieces: Int = .max) throws -> (file: [UInt8], fileKey: AgeFileKey) {
        var encryptor = try AgeEncryptor(lock)
        var file: [UInt8] = []
        for piece in cut(plaintext, pieces) {
            try piece.withUnsafeBytes { try encryptor.update($0, into: &file) }
        }
        try encryptor.finish(into: &file)
        return (file, encryptor.fileKey)
    }

    /// What came out before the end or the failure, and the failure.
    static func open(_ file: [UInt8], _ unlock: AgeUnlock, pieces: Int = .max) -> (plaintext: [UInt8], failure: AgeError?) {
        var decryptor = AgeDecryptor(unlock)
        var plaintext: [UInt8] = []
        do throws(AgeError) {
            for piece in cut(file, pieces) {
                let copy = WipedBuffer(capacity: piece.count)
                piece.withUnsafeBytes { _ = copy.append($0) }
                try decryptor.update(copy.bytes, into: &plaintext)
            }
            try decryptor.finish(into: &plaintext)
            return (plaintext, nil)
        } catch {
            return (plaintext, error)
        }
    }

    static func passphrase(_ text: String) throws -> AgePassphrase {
        try Array(text.utf8).withUnsafeBytes { try AgePassphrase($0) }
    }

    static func identities(_ text: String) throws -> [AgeIdentity] {
        try Array(text.utf8).withUnsafeBytes { try AgeIdentityFile.read($0) }
    }

    private static func cut(_ bytes: [UInt8], _ size: Int) -> [ArraySlice<UInt8>] {
        let size = max(1, min(size, bytes.count))
        return stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min(bytes.count, $0 + size)] }
    }
}

/// Bytes that differ from chunk to chunk.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8) ^ ($0 >> 16)) }
}

/// The code of what `body` throws.
func code(_ body: () throws -> Void) -> AgeError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? AgeError)?.code
    }
}
