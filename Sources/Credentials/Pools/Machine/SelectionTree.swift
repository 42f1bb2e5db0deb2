/// Sums over the members of a pool, so that nobody looks at all of them for one request: a binary tree in an array, leaves in the
/// members' order. All costs grow with the logarithm of their number; nothing is allocated after the making.
struct SelectionTree: Sendable {
    struct Node: Equatable, Sendable {
        /// Weights of the members that may be handed out.
        var weight: UInt64 = 0
        /// Members that are half open and wait for their one request.
        var due: UInt32 = 0
        /// Earliest end of waiting, Unix milliseconds.
        var wake: UInt64 = .max
    }

    private var nodes: [Node]
    private let size: Int

    init(count: Int) {
        var size = 1
        while size < count { size *= 2 }
        self.size = size
        nodes = Array(repeating: Node(), count: 2 * size)
    }

    var root: Node { nodes[1] }

    mutating func set(_ leaf: Int, _ node: Node) {
        var index = size + leaf
        guard nodes[index] != node else { return }
        nodes[index] = node
        while index > 1 {
            index /= 2
            let (left, right) = (nodes[2 * index], nodes[2 * index + 1])
            nodes[index] = Node(weight: left.weight + right.weight, due: left.due + right.due, wake: min(left.wake, right.wake))
        }
    }

    /// The leaf on which `target` falls when all weights are laid in a row; `target` is below the root's weight.
    func leaf(at target: UInt64) -> Int {
        var target = target
        var index = 1
        while index < size {
            index *= 2
            if target >= nodes[index].weight {
                target -= nodes[index].weight
                index += 1
            }
        }
        return index - size
    }

    /// A leaf whose waiting has ended.
    func leaf(wokenBy now: UInt64) -> Int? {
        guard nodes[1].wake <= now else { return nil }
        var index = 1
        while index < size {
            index *= 2
            if nodes[index].wake > now { index += 1 }
        }
        return index - size
    }

    /// The first leaf that is due, from `start` on.
    func dueLeaf(from start: Int) -> Int? {
        guard start < size, nodes[1].due > 0 else { return nil }
        var index = size + start
        // Up while nothing is due at or to the right below, then down to the first.
        while nodes[index].due == 0 {
            while index & 1 == 1 { index /= 2 }
            if index == 0 { return nil }
            index += 1
        }
        while index < size {
            index *= 2
            if nodes[index].due == 0 { index += 1 }
        }
        return index - size
    }
}
