/// A file of identities, as `age-keygen` writes it: one on a line, blank lines, and comments behind `#`.
public enum AgeIdentityFile {
    /// - Throws: `invalid-identity` with the number of the line that is wrong, never with its text; also for a file without any
    ///   identity, or one that is itself encrypted.
    public static func read(_ bytes: UnsafeRawBufferPointer) throws(AgeError) -> [AgeIdentity] {
        guard !KeyLines.isEncrypted(bytes) else {
            throw AgeError(.invalidIdentity, "the identity file is itself encrypted: decrypt it first")
        }
        var identities: [AgeIdentity] = []
        for line in KeyLines(bytes) {
            guard identities.count < KeyLines.limit else {
                throw AgeError(.invalidIdentity, "line \(line.number): there are more than \(KeyLines.limit) identities")
            }
            do throws(AgeError) {
                identities.append(try AgeIdentity(line.text))
            } catch {
                throw AgeError(error.code, "line \(line.number): \(error.message)")
            }
        }
        guard !identities.isEmpty else { throw AgeError(.invalidIdentity, "there is no identity in the file") }
        return identities
    }
}

/// A file of recipients: one on a line, blank lines, and comments behind `#`.
public enum AgeRecipientsFile {
    /// - Throws: `invalid-recipient` with the number of the line that is wrong; also for a file without any recipient.
    public static func read(_ bytes: UnsafeRawBufferPointer) throws(AgeError) -> [AgeRecipient] {
        var recipients: [AgeRecipient] = []
        for line in KeyLines(bytes) {
            guard recipients.count < KeyLines.limit else {
                throw AgeError(.invalidRecipient, "line \(line.number): there are more than \(KeyLines.limit) recipients")
            }
            do throws(AgeError) {
                recipients.append(try AgeRecipient(utf8: Array(line.text)))
            } catch {
                throw AgeError(error.code, "line \(line.number): \(error.message)")
            }
        }
        guard !recipients.isEmpty else { throw AgeError(.invalidRecipient, "there is no recipient in the file") }
        return recipients
    }
}

/// The lines of such a file that hold something, without what is blank around it. They point into the file's bytes: no copy of an
/// identity is made.
struct KeyLines: Sequence, IteratorProtocol {
    /// Most identities or recipients in one file.
    static let limit = 1_000

    private var rest: UnsafeRawBufferPointer
    private var number = 0

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    mutating func next() -> (number: Int, text: UnsafeRawBufferPointer)? {
        while rest.count > 0 {
            number += 1
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.count
            let line = Self.trimmed(rest.prefixed(end))
            rest = rest.dropping(end + 1)
            if let first = line.first, first != UInt8(ascii: "#") { return (number, line) }
        }
        return nil
    }

    static func isEncrypted(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: "age-encryption.org/".utf8) || bytes.starts(with: "-----BEGIN AGE ".utf8)
    }

    private static func trimmed(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let first = line.firstIndex(where: { !$0.isBlank }), let last = line.lastIndex(where: { !$0.isBlank }) else {
            return UnsafeRawBufferPointer(rebasing: line[..<0])
        }
        return UnsafeRawBufferPointer(rebasing: line[first...last])
    }
}
