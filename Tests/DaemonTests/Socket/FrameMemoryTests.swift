import Testing

@testable import CofferDaemon

@Suite struct FrameMemoryTests {
    @Test func oneUserGetsItsShareAndOthersStillGetTheirs() {
        var memory = FrameMemory()
        for _ in 0..<16 {
            let taken = memory.take(1 << 20, uid: 1)
            #expect(taken)
        }
        do {
            let taken = memory.take(1, uid: 1)
            #expect(!taken)
        }
        do {
            let taken = memory.take(1 << 20, uid: 2)
            #expect(taken)
        }
        memory.give(1 << 20, uid: 1)
        do {
            let taken = memory.take(1 << 20, uid: 1)
            #expect(taken)
        }
        #expect(memory.total == 17 << 20)
    }

    @Test func allTogetherHaveALimit() {
        var memory = FrameMemory()
        for uid in UInt32(1)...4 {
            let taken = memory.take(FrameMemory.ofOneUser, uid: uid)
            #expect(taken)
        }
        do {
            let taken = memory.take(1, uid: 5)
            #expect(!taken)
        }
        memory.give(FrameMemory.ofOneUser, uid: 3)
        do {
            let taken = memory.take(1, uid: 5)
            #expect(taken)
        }
    }

    @Test func whatIsGivenBackIsForgotten() {
        var memory = FrameMemory()
        do {
            let taken = memory.take(5, uid: 1)
            #expect(taken)
        }
        memory.give(5, uid: 1)
        memory.give(0, uid: 9)
        #expect(memory.total == 0)
        do {
            let taken = memory.take(FrameMemory.ofOneUser, uid: 1)
            #expect(taken)
        }
    }
}
