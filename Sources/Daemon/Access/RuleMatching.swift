import CLinux
import CofferStore
import Glibc

extension CompiledRules {
    /// Whether a rule covers this. Allocates nothing and takes no lock.
    func allows(_ noun: Noun, _ action: Action, tenant: TenantID, name: UnsafeRawBufferPointer) -> Bool {
        let slot = Self.slot(noun, action)
        var low = Int(starts[slot])
        var high = Int(starts[slot + 1])
        while low < high {
            let middle = (low + high) / 2
            let root = roots[middle]
            if root.tenant == tenant { return name.isEmpty ? root.acceptsEmptyName : walk(from: root.node, name) }
            if root.tenant < tenant { low = middle + 1 } else { high = middle }
        }
        return false
    }

    /// Whether any rule is about this, whatever the tenant and the name.
    func mentions(_ noun: Noun, _ action: Action) -> Bool {
        let slot = Self.slot(noun, action)
        return starts[slot] < starts[slot + 1]
    }

    /// Walks the literal part as far as it goes.
    private func walk(from root: UInt32, _ name: UnsafeRawBufferPointer) -> Bool {
        var node = nodes[Int(root)]
        var start = 0
        while true {
            if node.acceptsSubtree { return true }
            if start > name.count { return node.accepts || accepts(node, name, from: start) }
            if node.automatonCount > 0, accepts(node, name, from: start) { return true }
            let end = Self.segmentEnd(name, start)
            guard let next = child(of: node, UnsafeRawBufferPointer(rebasing: name[start..<end])) else { return false }
            node = nodes[Int(next)]
            start = end + 1
        }
    }

    private func accepts(_ node: Node, _ name: UnsafeRawBufferPointer, from start: Int) -> Bool {
        for index in 0..<Int(node.automatonCount) where run(automata[Int(node.firstAutomaton) + index], name, from: start) {
            return true
        }
        return false
    }

    /// The slash or the end. `start == count` is the empty segment behind a last slash; beyond it there is none.
    @inline(__always)
    private static func segmentEnd(_ name: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var end = start
        while end < name.count, name[end] != UInt8(ascii: "/") { end += 1 }
        return end
    }

    private func child(of node: Node, _ segment: UnsafeRawBufferPointer) -> UInt32? {
        var low = Int(node.firstEdge)
        var high = low + Int(node.edgeCount)
        while low < high {
            let middle = (low + high) / 2
            let edge = edges[middle]
            let order = compare(segment, edge.label)
            if order == 0 { return edge.node }
            if order < 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    /// By length, then bytes, as the edges are sorted.
    @inline(__always)
    private func compare(_ segment: UnsafeRawBufferPointer, _ text: Text) -> Int {
        if segment.count != Int(text.count) { return segment.count < Int(text.count) ? -1 : 1 }
        guard let left = segment.baseAddress, let right = pool.baseAddress, segment.count > 0 else { return 0 }
        return Int(memcmp(left, right + Int(text.offset), segment.count))
    }

    /// Runs one automaton over the segments from `start` on.
    private func run(_ automaton: Automaton, _ name: UnsafeRawBufferPointer, from start: Int) -> Bool {
        // 2 × 128 bytes: below the 1,024 that Swift promises to put on the stack.
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * Automaton.words) { words in
            let used = (Int(automaton.stateCount) + 63) / 64
            let all = UnsafeMutableBufferPointer(rebasing: words[0..<(2 * used)])
            all.initialize(repeating: 0)
            var now = UnsafeMutableBufferPointer(rebasing: words[0..<used])
            var next = UnsafeMutableBufferPointer(rebasing: words[used..<(2 * used)])
            if enter(0, automaton, now) { return true }
            var start = start
            while start <= name.count {
                let end = Self.segmentEnd(name, start)
                let segment = UnsafeRawBufferPointer(rebasing: name[start..<end])
                var alive = false
                for word in 0..<used {
                    var bits = now[word]
                    while bits != 0 {
                        let state = word << 6 | bits.trailingZeroBitCount
                        bits &= bits - 1
                        if advance(state, automaton, segment, next, &alive) { return true }
                    }
                }
                if !alive { return false }
                swap(&now, &next)
                for word in 0..<used { next[word] = 0 }
                start = end + 1
            }
            for word in 0..<used {
                var bits = now[word]
                while bits != 0 {
                    if states[Int(automaton.firstState) + (word << 6 | bits.trailingZeroBitCount)].accepts { return true }
                    bits &= bits - 1
                }
            }
            return false
        }
    }

    /// - Returns: true when whatever follows is covered.
    @inline(__always)
    private func advance(
        _ index: Int, _ automaton: Automaton, _ segment: UnsafeRawBufferPointer, _ next: UnsafeMutableBufferPointer<UInt64>,
        _ alive: inout Bool
    ) -> Bool {
        let state = states[Int(automaton.firstState) + index]
        if state.loops {
            alive = true
            if enter(index, automaton, next) { return true }
        }
        for offset in 0..<Int(state.stepCount) {
            let step = steps[Int(state.firstStep) + offset]
            guard matches(segment, step) else { continue }
            alive = true
            if enter(Int(step.state), automaton, next) { return true }
        }
        return false
    }

    /// Adds a state and the `**` behind it, which may stand for nothing (two never follow each other).
    /// - Returns: true when one of them accepts whatever follows.
    @inline(__always)
    private func enter(_ index: Int, _ automaton: Automaton, _ set: UnsafeMutableBufferPointer<UInt64>) -> Bool {
        set[index >> 6] |= 1 << UInt64(index & 63)
        let state = states[Int(automaton.firstState) + index]
        if state.loops && state.accepts { return true }
        guard state.skip >= 0 else { return false }
        let skip = Int(state.skip)
        set[skip >> 6] |= 1 << UInt64(skip & 63)
        return states[Int(automaton.firstState) + skip].accepts
    }

    @inline(__always)
    private func matches(_ segment: UnsafeRawBufferPointer, _ step: Step) -> Bool {
        if step.count == 0 { return compare(segment, step.literal) == 0 }
        let first = pieces[Int(step.first)]
        let last = pieces[Int(step.first) + Int(step.count) - 1]
        let fixed = Int(first.count) + Int(last.count)
        guard segment.count >= fixed else { return false }
        guard compare(UnsafeRawBufferPointer(rebasing: segment[..<Int(first.count)]), first) == 0 else { return false }
        let tail = segment.count - Int(last.count)
        guard compare(UnsafeRawBufferPointer(rebasing: segment[tail...]), last) == 0 else { return false }
        var rest = UnsafeRawBufferPointer(rebasing: segment[Int(first.count)..<tail])
        for index in 1..<(Int(step.count) - 1) {
            let text = pieces[Int(step.first) + index]
            let piece = UnsafeRawBufferPointer(rebasing: pool[Int(text.offset)..<(Int(text.offset) + Int(text.count))])
            guard let found = SegmentMatcher.find(piece, in: rest) else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[(found + piece.count)...])
        }
        return true
    }
}
