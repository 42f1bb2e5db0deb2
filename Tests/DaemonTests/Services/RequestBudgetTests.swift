import Testing

@testable import CofferDaemon

@Suite struct RequestBudgetTests {
    @Test func isBoundedInBytesAndInNumber() {
        for body in [0, 1 << 20] {
            let budget = RequestBudget()
            var taken = 0
            while taken < 100_000, budget.take(body) { taken += 1 }
            #expect(taken == (body == 0 ? 16_384 : 255))
            #expect(!budget.take(body))
            budget.giveBack(body)
            #expect(budget.take(body) && !budget.take(body))
            for _ in 0..<taken { budget.giveBack(body) }
            // All of it is there again.
            #expect((0..<taken).allSatisfy { _ in budget.take(body) })
        }
    }
}
