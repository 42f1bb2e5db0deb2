/// Reads an age v1 file, binary or armored, in pieces, with flat memory, as strictly as the specification (age-encryption.org/v1)
/// demands.
///
/// What it gives out is authentic to the chunk; whether the file was whole is known only once ``finish(into:)`` returned, and what
/// came before an error is for the caller to discard. Behind an error every call throws the same one. Not to be shared between threads.
public struct AgeDecryptor: ~Copyable {
    private enum Form { case unknown, binary, armored(ArmorReader) }

    private let unlock: AgeUnlock
    private var form = Form.unknown
    private var header = HeaderReader()
    private var payload: PayloadReader?
    private var failure: AgeError?

    public init(_ unlock: AgeUnlock) {
        self.unlock = unlock
    }

    /// Appends to `plaintext` what is authentic by now. A passphrase takes its time and memory in the call that sees the header's end.
    ///
    /// An array that must grow for it is wiped where it lay before; wiping what lies in it at the end is the caller's part.
    public mutating func update(_ bytes: UnsafeRawBufferPointer, into plaintext: inout [UInt8]) throws(AgeError) {
        if let failure { throw failure }
        do throws(AgeError) {
            try take(bytes, &plaintext)
        } catch {
            failure = error
            throw error
        }
    }

    /// The file has ended.
    /// - Throws: where something is missing or too much.
    public mutating func finish(into plaintext: inout [UInt8]) throws(AgeError) {
        if let failure { throw failure }
        do throws(AgeError) {
            try end(&plaintext)
        } catch {
            failure = error
            throw error
        }
        failure = AgeError(.finished, "the file was finished before")
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, _ plaintext: inout [UInt8]) throws(AgeError) {
        guard let first = bytes.first else { return }
        // A binary file begins with a letter.
        if case .unknown = form { form = first.isBlank || first == UInt8(ascii: "-") ? .armored(ArmorReader()) : .binary }
        guard case .armored(var armor) = form else { return try open(bytes, &plaintext) }
        defer { form = .armored(armor) }
        // In parts, so that memory stays flat; what was in the armor is never longer than the armor.
        let inside = WipedBuffer(capacity: Chunk.size)
        var rest = bytes
        while rest.count > 0 {
            let part = rest.prefixed(inside.capacity)
            rest = rest.dropping(part.count)
            var malformed: AgeError?
            do throws(AgeError) { try armor.take(part, into: inside) } catch { malformed = error }
            // What stands before the mistake comes first, as it would in smaller pieces.
            try open(inside.bytes, &plaintext)
            if let malformed { throw malformed }
            inside.clear()
        }
    }

    private mutating func open(_ bytes: UnsafeRawBufferPointer, _ plaintext: inout [UInt8]) throws(AgeError) {
        var rest = bytes
        if !header.isComplete {
            rest = rest.dropping(try header.take(rest))
            guard header.isComplete else { return }
            payload = PayloadReader(fileKey: try unlock.fileKey(in: header))
        }
        try payload?.take(rest, into: &plaintext)
    }

    private mutating func end(_ plaintext: inout [UInt8]) throws(AgeError) {
        if case .armored(var armor) = form {
            let inside = WipedBuffer(capacity: Chunk.size)
            try armor.finish(into: inside)
            try open(inside.bytes, &plaintext)
        }
        guard header.isComplete else {
            throw AgeError(.truncated, header.isEmpty ? "the file is empty" : "the file ends within its header")
        }
        try payload?.finish(into: &plaintext)
    }
}
