import Testing

@testable import CofferClient

@Suite("SecretBytes and its memory")
struct SecretBytesTests {
    @Test("holds what it was given, of any length", arguments: [0, 1, 31, 32, 33, 2_048, 2_049, 4_096, 70_000])
    func holds(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let secret = SecretBytes(bytes)
        #expect(secret.count == count)
        #expect(secret.isEmpty == (count == 0))
        #expect(secret.withUnsafeBytes { Array($0) } == bytes)
    }

    @Test("hides its contents from every kind of printing")
    func hides() {
        let secret = SecretBytes(utf8: "correct horse")
        #expect("\(secret)" == "SecretBytes(13 bytes)")
        #expect(String(reflecting: secret) == "SecretBytes(13 bytes)")
        #expect(Mirror(reflecting: secret).children.isEmpty)
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("horse"))
        var wrapped = ""
        dump(Optional((name: "a", value: secret)), to: &wrapped)
        #expect(!wrapped.contains("horse"))
    }

    @Test("compares contents")
    func compares() {
        let secret = SecretBytes(utf8: "abc")
        #expect(secret.isEqual(secret))
        #expect(secret.isEqual(SecretBytes(utf8: "abc")))
        #expect(!secret.isEqual(SecretBytes(utf8: "abd")))
        #expect(!secret.isEqual(SecretBytes(utf8: "abcd")))
        #expect(SecretBytes([]).isEqual(SecretBytes([])))
    }

    @Test("is filled in place, and keeps no more than its capacity")
    func filled() throws {
        struct Refused: Error {}
        let secret = SecretBytes(unsafeUninitializedCapacity: 4) { buffer in
            #expect(buffer.count == 4)
            buffer[0] = 9
            return 1
        }
        #expect(secret.withUnsafeBytes { Array($0) } == [9])
        #expect(SecretBytes(unsafeUninitializedCapacity: 4) { _ in 99 }.count == 4)
        #expect(SecretBytes(unsafeUninitializedCapacity: 4) { _ in -1 }.count == 0)
        #expect(throws: Refused.self) { try SecretBytes(unsafeUninitializedCapacity: 4) { _ in throw Refused() } }
    }

    @Test("freed blocks are zero when they are given out again", arguments: [20, 5_000])
    func wiped(count: Int) {
        let block = SecretMemory.allocate(count)
        for index in 0..<count { block.bytes[index] = 0xAA }
        SecretMemory.free(block)
        let again = SecretMemory.allocate(count)
        #expect(again.bytes.allSatisfy { $0 == 0 })
        SecretMemory.free(again)
    }
}

@Suite("WipingBuffer")
struct WipingBufferTests {
    @Test("is a queue of bytes through growth, moves and emptiness")
    func queue() {
        let buffer = WipingBuffer()
        var model: [UInt8] = []
        var next: UInt8 = 0
        for step in 0..<400 {
            let added = (0..<(step * 13 % 97)).map { _ -> UInt8 in next &+= 1; return next }
            buffer.append(added)
            model += added
            let dropped = min(model.count, step * 29 % 83)
            buffer.consume(dropped)
            model.removeFirst(dropped)
            #expect(Array(buffer.bytes) == model)
        }
        buffer.consume(.max)
        #expect(buffer.isEmpty)
    }

    @Test("gives large memory back when it is empty")
    func shrinks() {
        let buffer = WipingBuffer()
        buffer.append([UInt8](repeating: 1, count: 1_000_000))
        #expect(buffer.capacity >= 1_000_000)
        buffer.consume(1_000_000)
        #expect(buffer.capacity == 0)
    }

    @Test("takes what a system call wrote into its space")
    func space() {
        let buffer = WipingBuffer()
        let space = buffer.space(10)
        #expect(space.count >= 10)
        space[0] = 5
        buffer.commit(1)
        #expect(Array(buffer.bytes) == [5])
    }
}
