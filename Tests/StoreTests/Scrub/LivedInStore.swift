import Testing

@testable import CofferStore

/// A store with something of everything, as years of use leave it.
enum LivedInStore {
    static let count = 40

    static func value(_ number: Int) -> String { "value of \(number) " + String(repeating: "\(number % 10)", count: number * 131 % 3_500) }
    static func secret(_ number: Int) -> String { "dir-\(number % 5)/name-\(number)" }

    static func make(_ change: (inout Store.Options) -> Void = { _ in }) throws -> Fixture {
        let fixture = try Fixture(change)
        let store = fixture.store
        for number in 0..<count { try store.set(secret(number), value(number), tenant: number % 7 == 0 ? 2 : .main) }
        for number in 1..<5 { for version in 0..<3 { try store.set(secret(number), "version \(version)") } }
        try store.run(.delete(name(secret(8)), version: 0, expected: .any))
        try store.run(.destroy(name(secret(9)), version: 0, expected: .any))
        try store.run(.destroy(name(secret(1)), version: 2, expected: .any))
        try store.run(.delete(name(secret(2)), version: 1, expected: .any))
        try store.run(.undelete(name(secret(2)), version: 1, expected: .any))
        for table in DocumentTable.allCases {
            for number in 0..<3 { try store.run(.putDocument(table, document("d/\(number)"), bytes("content \(number)"), expected: .any)) }
        }
        try store.run(.deleteDocument(.doors, document("d/1"), expected: .any))
        try store.steps([.make("k/1", 1_000), .make("w/1", 5_000), .make("k/2", 0, unlimited: true)])
        try store.steps([.reserve("k/1", "open", 40, wallet: "w/1"), .reserve("k/1", "closed", 30, wallet: "w/1")])
        try store.step(.settle("k/1", "closed", 12, line: "a line"))
        try store.steps([.reserve("k/2", "gone", 7), .make("k/3", 9), .reserve("k/3", "left", 9)])
        try store.steps([.release("k/2", "gone"), .remove("k/3")])
        _ = try store.commit(Batch(
            principal: "uid:7", idempotencyKey: [UInt8](repeating: 9, count: 16), mutations: [mutation(put: "keyed", "once")]))
        return fixture
    }
}
