import Testing

@testable import CofferDaemon

@Suite struct FrameMemoryTests {
    @Test func oneUserGetsItsShareAndOthersStillGetTheirs() {
        var memory = FrameMemory()
        for _ in 0..<64 { #expect(memory.take(1 << 20, uid: 1)) }
        #expect(!memory.take(1, uid: 1))
        #expect(memory.take(1 << 20, uid: 2))
        memory.give(1 << 20, uid: 1)
        #expect(memory.take(1 << 20, uid: 1))
        #expect(memory.total == 65 << 20)
    }

    @Test func allTogetherHaveALimit() {
        var memory = FrameMemory()
        for uid in UInt32(1)...4 { #expect(memory.take(FrameMemory.ofOneUser, uid: uid)) }
        #expect(!memory.take(1, uid: 5))
        memory.give(FrameMemory.ofOneUser, uid: 3)
        #expect(memory.take(1, uid: 5))
    }

    @Test func whatIsGivenBackIsForgotten() {
        var memory = FrameMemory()
        #expect(memory.take(5, uid: 1))
        memory.give(5, uid: 1)
        memory.give(0, uid: 9)
        #expect(memory.total == 0)
        #expect(memory.take(FrameMemory.ofOneUser, uid: 1))
    }
}
