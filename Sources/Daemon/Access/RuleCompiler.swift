import CofferStore

/// Builds the flat tables of ``CompiledRules``. Runs when a policy or a connection is new, so it may allocate.
struct RuleCompiler {
    private(set) var starts: [UInt32] = []
    private(set) var roots: [CompiledRules.Root] = []
    private(set) var nodes: [CompiledRules.Node] = []
    private(set) var edges: [CompiledRules.Edge] = []
    private(set) var automata: [CompiledRules.Automaton] = []
    private(set) var states: [CompiledRules.State] = []
    private(set) var steps: [CompiledRules.Step] = []
    private(set) var pieces: [CompiledRules.Text] = []
    private(set) var pool: [UInt8] = []
    private var interned: [[UInt8]: CompiledRules.Text] = [:]

    /// The literal part of a trie while it grows.
    private final class Branch {
        var children: [[UInt8]: Branch] = [:]
        /// What follows the literal part of patterns, from their first wildcard on.
        var tails: [[Glob.Segment]] = []
        var accepts = false
        var acceptsSubtree = false
    }

    mutating func add(_ rules: [ResolvedRule]) {
        var patterns: [Int: [TenantID: (globs: Set<Glob>, empty: Bool)]] = [:]
        for rule in rules {
            for action in rule.actions {
                let slot = CompiledRules.slot(rule.noun, action)
                patterns[slot, default: [:]][rule.tenant, default: ([], false)].globs.formUnion(rule.names)
                if rule.names.isEmpty { patterns[slot, default: [:]][rule.tenant, default: ([], false)].empty = true }
            }
        }
        for slot in 0..<CompiledRules.slots {
            starts.append(UInt32(roots.count))
            for (tenant, set) in (patterns[slot] ?? [:]).sorted(by: { $0.key < $1.key }) {
                let (node, empty) = compile(set.globs)
                roots.append(CompiledRules.Root(tenant: tenant, node: node, acceptsEmptyName: set.empty || empty))
            }
        }
        starts.append(UInt32(roots.count))
    }

    /// - Returns: the root, and whether a pattern covers the name without segments (`**` alone does).
    private mutating func compile(_ globs: Set<Glob>) -> (node: UInt32, empty: Bool) {
        let root = Branch()
        // In order, so that the same rules compile to the same tables.
        for glob in globs.sorted(by: { Self.precedes($0.bytes, $1.bytes) }) {
            var branch = root
            var rest = glob.segments[...]
            while case .literal(let bytes)? = rest.first {
                let next = branch.children[bytes] ?? Branch()
                branch.children[bytes] = next
                branch = next
                rest = rest.dropFirst()
            }
            if rest.isEmpty {
                branch.accepts = true
            } else if rest.elementsEqual([.anySegments]) {
                branch.acceptsSubtree = true
            } else {
                branch.tails.append(Array(rest))
            }
        }
        return (flatten(root), root.acceptsSubtree)
    }

    /// Lays a trie out without recursion: names have up to 256 segments, and so have patterns.
    private mutating func flatten(_ root: Branch) -> UInt32 {
        let first = UInt32(nodes.count)
        nodes.append(CompiledRules.Node())
        var pending: [(branch: Branch, node: Int)] = [(root, Int(first))]
        while let (branch, index) = pending.popLast() {
            var node = CompiledRules.Node()
            node.accepts = branch.accepts
            node.acceptsSubtree = branch.acceptsSubtree
            // Below a node that accepts everything nothing else matters.
            if !branch.acceptsSubtree {
                node.firstEdge = UInt32(edges.count)
                node.edgeCount = UInt32(branch.children.count)
                for (label, child) in branch.children.sorted(by: { Self.precedes($0.key, $1.key) }) {
                    edges.append(CompiledRules.Edge(label: intern(label), node: UInt32(nodes.count)))
                    pending.append((child, nodes.count))
                    nodes.append(CompiledRules.Node())
                }
                node.firstAutomaton = UInt32(automata.count)
                addAutomata(branch.tails)
                node.automatonCount = UInt32(automata.count) - node.firstAutomaton
            }
            nodes[index] = node
        }
        return first
    }

    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
    }

    private mutating func addAutomata(_ tails: [[Glob.Segment]]) {
        var draft = AutomatonDraft()
        for tail in tails {
            if draft.states.count + tail.count > CompiledRules.Automaton.maximumStates {
                append(draft)
                draft = AutomatonDraft()
            }
            draft.add(tail)
        }
        if draft.states.count > 1 { append(draft) }
    }

    private mutating func append(_ draft: AutomatonDraft) {
        automata.append(CompiledRules.Automaton(firstState: UInt32(states.count), stateCount: UInt32(draft.states.count)))
        for state in draft.states {
            var flat = CompiledRules.State()
            flat.firstStep = UInt32(steps.count)
            flat.stepCount = UInt32(state.steps.count)
            flat.skip = state.skip.map { Int32($0) } ?? -1
            flat.loops = state.loops
            flat.accepts = state.accepts
            states.append(flat)
            for (segment, target) in state.steps {
                var step = CompiledRules.Step(first: 0, count: 0, state: UInt32(target), literal: CompiledRules.Text(offset: 0, count: 0))
                switch segment {
                case .literal(let bytes): step.literal = intern(bytes)
                case .wildcard(let parts):
                    step.first = UInt32(pieces.count)
                    step.count = UInt32(parts.count)
                    for part in parts { pieces.append(intern(part)) }
                case .anySegments: continue
                }
                steps.append(step)
            }
        }
    }

    private mutating func intern(_ bytes: [UInt8]) -> CompiledRules.Text {
        if let text = interned[bytes] { return text }
        let text = CompiledRules.Text(offset: UInt32(pool.count), count: UInt32(bytes.count))
        pool.append(contentsOf: bytes)
        interned[bytes] = text
        return text
    }
}

/// An automaton while it grows: the wildcard tails of patterns as a trie whose `**` are states that stay.
struct AutomatonDraft {
    struct State {
        var steps: [(segment: Glob.Segment, target: Int)] = []
        var targets: [Glob.Segment: Int] = [:]
        var skip: Int?
        var loops = false
        var accepts = false
    }

    private(set) var states = [State()]

    mutating func add(_ tail: [Glob.Segment]) {
        var current = 0
        for segment in tail {
            if segment == .anySegments {
                if let skip = states[current].skip {
                    current = skip
                } else {
                    states[current].skip = states.count
                    current = states.count
                    states.append(State(loops: true))
                }
            } else if let target = states[current].targets[segment] {
                current = target
            } else {
                states[current].targets[segment] = states.count
                states[current].steps.append((segment, states.count))
                current = states.count
                states.append(State())
            }
        }
        states[current].accepts = true
    }
}
