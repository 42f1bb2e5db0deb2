import Testing

@testable import CofferDaemon

@Suite struct FlatBufferTests {
    private func bytes(_ buffer: FlatBuffer) -> [UInt8] { Array(buffer.readable) }

    @Test func keepsOrderOverGrowthAndCompaction() {
        let buffer = FlatBuffer()
        var expected: [UInt8] = []
        var generator = SystemRandomNumberGenerator()
        for round in 0..<2_000 {
            let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: Int.random(in: 0...5_000, using: &generator))
            buffer.append(piece)
            expected += piece
            let gone = Int.random(in: 0...expected.count, using: &generator)
            buffer.consume(gone)
            expected.removeFirst(gone)
            #expect(buffer.count == expected.count)
            if round % 50 == 0 { #expect(bytes(buffer) == expected) }
        }
        #expect(bytes(buffer) == expected)
    }

    @Test func whatLeavesIsWiped() {
        let buffer = FlatBuffer()
        buffer.append(Array("secret".utf8))
        // Opened behind the end and not wanted.
        let room = buffer.reserve(100)
        room.copyBytes(from: Array("scribbled".utf8))
        buffer.commit(0, scribbled: 9)
        let base = buffer.base
        buffer.consume(6)
        #expect(UnsafeRawBufferPointer(start: base, count: 15).allSatisfy { $0 == 0 })
    }

    @Test func compactionWipesWhatItMovedAwayFrom() {
        let buffer = FlatBuffer()
        let capacity = buffer.capacity
        buffer.append([UInt8](repeating: 7, count: capacity))
        buffer.consume(capacity - 10)
        _ = buffer.reserve(capacity - 10)
        #expect(buffer.capacity == capacity && buffer.count == 10)
        #expect(UnsafeRawBufferPointer(start: buffer.base + 10, count: capacity - 10).allSatisfy { $0 == 0 })
    }

    @Test func givesLargeMemoryBack() {
        let buffer = FlatBuffer()
        let usual = buffer.capacity
        buffer.append([UInt8](repeating: 1, count: 2 << 20))
        #expect(buffer.capacity >= 2 << 20)
        buffer.consume(2 << 20)
        #expect(buffer.capacity == usual)
    }
}
