/// Writes an age v1 file, in pieces, with flat memory.
///
/// Not to be shared between threads. What it returns is a whole file only once ``finish(into:)`` returned.
public struct AgeEncryptor: ~Copyable {
    /// Opens this one file again (``AgeUnlock/fileKey(_:)``), so that what was written can be proven without any identity.
    public let fileKey: AgeFileKey

    /// The header and the payload's nonce, until they are given out.
    private var start: [UInt8]
    private var cipher: ChunkCipher
    /// Up to a chunk, since the last one must be known for it.
    private let pending = WipedBuffer(capacity: Chunk.size)
    private var isFinished = false

    /// - Throws: `invalid-recipient`, `work-factor`, `system`. A passphrase takes its time and memory here.
    public init(_ lock: AgeLock) throws(AgeError) {
        let fileKey = try AgeFileKey.random()
        let nonce = Sodium.random(Chunk.nonceSize)
        let start = try HeaderWriter.header(lock, fileKey) + nonce
        let key = try fileKey.payloadKey(nonce: nonce)
        self.fileKey = fileKey
        self.start = start
        cipher = ChunkCipher(key: key)
    }

    /// Appends what is sealed by now to `output`; the header comes with the first call.
    public mutating func update(_ plaintext: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(AgeError) {
        try begin(&output)
        var rest = plaintext
        while rest.count > 0 {
            if pending.count == 0, rest.count > Chunk.size {
                cipher.seal(rest.prefixed(Chunk.size), isLast: false, onto: &output)
                rest = rest.dropping(Chunk.size)
            } else if pending.count == Chunk.size {
                cipher.seal(pending.bytes, isLast: false, onto: &output)
                pending.clear()
            } else {
                rest = rest.dropping(pending.append(rest))
            }
        }
    }

    /// Appends the last chunk. Nothing can follow.
    public mutating func finish(into output: inout [UInt8]) throws(AgeError) {
        try begin(&output)
        cipher.seal(pending.bytes, isLast: true, onto: &output)
        pending.clear()
        isFinished = true
    }

    private mutating func begin(_ output: inout [UInt8]) throws(AgeError) {
        guard !isFinished else { throw AgeError(.finished, "the file was finished before") }
        output += start
        start = []
    }
}
