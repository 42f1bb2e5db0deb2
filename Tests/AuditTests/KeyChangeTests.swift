import CofferStore
import Testing

@testable import CofferAudit

@Suite struct KeyChangeTests {
    /// Nobody asked for it: a key had sealed as much as it may.
    @Test func aKeyAtItsLimitLeavesARecord() throws {
        let fixture = try Fixture(sealLimit: 256)
        var notes: [String] = []
        let end = ContinuousClock.now + .seconds(20)
        while !notes.contains(where: { $0.contains("dropped") }) && ContinuousClock.now < end {
            for number in 0..<20 {
                try fixture.store.change(.put(NewVersion(name: name("n\(number)"), value: SecretBuffer([1]))))
            }
            _ = try fixture.store.waitForRekey()
            let records = try fixture.records { $0.actions = [.rekey] }
            #expect(records.allSatisfy { $0.who.selector == "daemon" && $0.noun == .store && $0.result == 0 })
            notes = records.map(\.note)
        }
        #expect(notes.contains { $0.hasPrefix("record key") && $0.contains("as much as it may") })
        #expect(notes.contains { $0.contains("are dropped") })
        #expect(try fixture.verify().isGood)
    }

    @Test func notesNameTheSlots() {
        #expect(KeyNotes.root(kept: [3, 1], dropped: [2]) == "root: kept 1, 3; dropped 2")
        #expect(KeyNotes.root(kept: [1], dropped: []) == "root: kept 1; dropped none")
        let all = KeyNotes.root(kept: (0..<64).map { UInt32.max - $0 }, dropped: [])
        #expect(all.utf8.count <= AuditRecord.longestNote)
    }
}
