import Testing

@testable import CofferCredentials

/// The sums against plain loops.
@Suite struct SelectionTreeTests {
    @Test(arguments: [0, 1, 2, 3, 7, 8, 100]) func sumsAreTheSumsOfTheLeaves(count: Int) {
        var random = SplitMix(state: UInt64(count) + 1)
        var tree = SelectionTree(count: count)
        var leaves = Array(repeating: SelectionTree.Node(), count: count)
        for _ in 0..<(count == 0 ? 0 : 2_000) {
            let place = random.below(count)
            let wake = random.below(3) == 0 ? .max : UInt64(random.below(50))
            leaves[place] = .init(weight: UInt64(random.below(4)), due: UInt32(random.below(8) / 7), wake: wake)
            tree.set(place, leaves[place])
            #expect(tree.root.weight == leaves.reduce(0) { $0 + $1.weight })
            let now = UInt64(random.below(50))
            let woken = tree.leaf(wokenBy: now)
            #expect((woken != nil) == leaves.contains { $0.wake <= now })
            if let woken { #expect(leaves[woken].wake <= now) }
            let start = random.below(count + 2)
            #expect(tree.dueLeaf(from: start) == leaves.indices.first { $0 >= start && leaves[$0].due > 0 })
            if tree.root.weight > 0 {
                let target = UInt64(random.below(Int(tree.root.weight)))
                var (rest, expected) = (target, 0)
                while rest >= leaves[expected].weight {
                    rest -= leaves[expected].weight
                    expected += 1
                }
                #expect(tree.leaf(at: target) == expected)
            }
        }
        if count == 0 {
            #expect(tree.root == .init() && tree.dueLeaf(from: 0) == nil && tree.leaf(wokenBy: .max - 1) == nil)
        }
    }
}
