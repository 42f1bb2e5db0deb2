/// Opens a payload, in whatever pieces it comes. A chunk is given out once its tag was seen to be right, and never before.
struct PayloadReader: ~Copyable {
    private enum State { case nonce([UInt8]), chunks(ChunkCipher) }

    private let fileKey: AgeFileKey
    private var state = State.nonce([])
    /// A chunk's sealed bytes, as far as they came. A whole one stays until it is known whether more follows.
    private let sealed = WipedBuffer(capacity: Chunk.sealedSize)

    init(fileKey: AgeFileKey) { self.fileKey = fileKey }

    mutating func take(_ input: UnsafeRawBufferPointer, into plaintext: inout [UInt8]) throws(AgeError) {
        var rest = input
        if case .nonce(var nonce) = state {
            let part = rest.prefixed(Chunk.nonceSize - nonce.count)
            nonce += part
            rest = rest.dropping(part.count)
            guard nonce.count == Chunk.nonceSize else { return state = .nonce(nonce) }
            state = .chunks(ChunkCipher(key: try fileKey.payloadKey(nonce: nonce)))
        }
        guard case .chunks(var cipher) = state else { return }
        defer { state = .chunks(cipher) }
        while rest.count > 0 {
            if sealed.count == 0, rest.count > Chunk.sealedSize {
                try open(rest.prefixed(Chunk.sealedSize), &cipher, &plaintext)
                rest = rest.dropping(Chunk.sealedSize)
            } else if sealed.count == Chunk.sealedSize {
                try open(sealed.bytes, &cipher, &plaintext)
                sealed.clear()
            } else {
                rest = rest.dropping(sealed.append(rest))
            }
        }
    }

    /// A whole chunk that more follows.
    private func open(_ chunk: UnsafeRawBufferPointer, _ cipher: inout ChunkCipher, _ plaintext: inout [UInt8]) throws(AgeError) {
        if cipher.open(chunk, isLast: false, onto: &plaintext) { return }
        let number = cipher.position + 1
        guard cipher.open(chunk, isLast: true, onto: &plaintext) else {
            throw AgeError(.damaged, "chunk \(number) was changed, moved or is of another file")
        }
        throw AgeError(.damaged, "there are bytes behind the last chunk")
    }

    /// The payload has ended: what is left must be its last chunk.
    mutating func finish(into plaintext: inout [UInt8]) throws(AgeError) {
        guard case .chunks(var cipher) = state, sealed.count >= Chunk.tagSize else {
            throw AgeError(.truncated, "the file ends within its payload")
        }
        defer { state = .chunks(cipher) }
        let number = cipher.position + 1
        guard number == 1 || sealed.count > Chunk.tagSize else {
            throw AgeError(.damaged, "the last chunk is empty, which only the one of an empty file may be")
        }
        if cipher.open(sealed.bytes, isLast: true, onto: &plaintext) { return sealed.clear() }
        if sealed.count == Chunk.sealedSize, cipher.open(sealed.bytes, isLast: false, onto: &plaintext) {
            throw AgeError(.truncated, "the file ends behind chunk \(number), which is not its last one")
        }
        throw AgeError(.damaged, "chunk \(number), the last one here, was changed, cut off or is of another file")
    }
}
