@testable import CofferStore

extension Fixture {
    /// A store with something in every corner that a record can lie in.
    func fillEverywhere(_ names: Int = 200) throws {
        for number in 0..<names { try store.set("name-\(number)", "first \(number)") }
        for number in 0..<(names / 2) { try store.set("name-\(number)", "second \(number)") }
        try store.set("large", String(repeating: "x", count: 300_000))
        try store.set("gone", "deleted")
        try store.run(.delete(name("gone"), version: 0, expected: .any))
        try store.set("away", "destroyed")
        try store.run(.destroy(name("away"), version: 0, expected: .any))
        _ = try store.commit(Batch(principal: "uid:0", idempotencyKey: [UInt8](repeating: 9, count: 16), mutations: [mutation(put: "keyed", "v")]))
        for table in [DocumentTable.policies, .users, .credentials] {
            try store.run(.putDocument(table, document("document"), bytes("content"), expected: .any))
        }
        try store.run(.budget(.make("budget", 5)))
    }

    /// How many records each key has.
    func keysInUse() throws -> [UInt32: Int] {
        try store.reading { (transaction) throws(StoreError) in
            var result: [UInt32: Int] = [:]
            for table in Table.allCases {
                try transaction.scan(table) { (_, record) throws(StoreError) in
                    result[try Record.keyID(of: record).get(), default: 0] += 1
                    return true
                }
            }
            return result
        }
    }

    var recordKeys: [UInt32] { get throws { try store.rekeyStatus().keys.map(\.id) } }

    /// Slices of a rekey, as its thread does them: at most so many. Only while that thread has nothing to do.
    func slices(_ count: Int) throws -> UInt64 {
        guard let (leaving, incarnation) = store.leavingKeys else { return 0 }
        var pass = try store.reading { (transaction) throws(StoreError) in
            try RekeyPass(leaving: leaving, incarnation: incarnation, in: transaction)
        }
        var resealed: UInt64 = 0
        for _ in 0..<count where !pass.isFinished {
            let places = try store.reading { (transaction) throws(StoreError) in try pass.next(in: transaction) }
            resealed += try store.administer { (core) throws(StoreError) in try core.reseal(places, leaving: leaving).count }
        }
        return resealed
    }
}
