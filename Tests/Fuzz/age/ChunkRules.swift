import CofferAge
import FuzzSupport

private let sealedSize = 65_536 + 16
/// Made once: it takes longer than all else.
private let pattern = (0..<(2 * 65_536 + 21)).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }

/// Whatever is done to the chunks of a file, what is given out is a beginning of what was written, and only the whole ends well.
func checkChunks(_ input: inout InputReader) {
    // Up to three chunks, with sizes around the ends of them.
    let size = Int(input.byte() % 3) * 65_536 + Int(input.byte() % 8) * 3
    let plaintext = pattern[..<size]
    var file: [UInt8] = []
    let fileKey: AgeFileKey
    do {
        var encryptor = try AgeEncryptor(.recipients([try AgeIdentity.random().recipient]))
        fileKey = encryptor.fileKey
        try plaintext.withUnsafeBytes { try encryptor.update($0, into: &file) }
        try encryptor.finish(into: &file)
    } catch {
        return Harness.check(false, "a file cannot be written: \(error)")
    }
    let count = max(1, (size + 65_535) / 65_536)
    let start = file.count - size - 16 * count
    var chunks = stride(from: start, to: file.count, by: sealedSize).map { Array(file[$0..<min(file.count, $0 + sealedSize)]) }
    Harness.check(chunks.count == count, "a file has another number of chunks than its size says")
    let right = chunks
    for _ in 0..<4 { change(&chunks, &input) }
    let outcome = Outcome([file[..<start] + chunks.joined()], .fileKey(fileKey))
    let isRight = Array(chunks.joined()) == Array(right.joined())
    Harness.check(plaintext.starts(with: outcome.plaintext), "plaintext that nobody wrote")
    Harness.check((outcome.code == nil) == isRight, isRight ? "a right file is refused" : "a changed file ends well")
    Harness.check(!isRight || outcome.plaintext.count == size, "a right file is cut off")
}

private func change(_ chunks: inout [[UInt8]], _ input: inout InputReader) {
    let what = input.byte()
    guard !chunks.isEmpty else { return }
    let one = Int(input.byte()) % chunks.count
    let other = Int(input.byte()) % chunks.count
    switch what {
    case 1: chunks.swapAt(one, other)
    case 2: chunks.remove(at: one)
    case 3: chunks.insert(chunks[one], at: other)
    case 4:
        let place = Int(input.number()) % max(1, chunks[one].count)
        if !chunks[one].isEmpty { chunks[one][place] ^= 1 << (input.byte() & 7) }
    case 5: chunks[one].removeLast(min(chunks[one].count, Int(input.byte())))
    case 6: chunks[one] += input.take(Int(input.byte() & 31))
    default: break
    }
}
