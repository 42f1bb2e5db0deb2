import CofferStore

/// Rules made ready for one class of principals: flat memory, read without locks, reference counts or allocation.
///
/// For each (noun, action, tenant) there is one trie of the patterns' segments. Its literal part is walked one node for
/// each segment of a name. Where a pattern's first wildcard stands, an ``Automaton`` takes over: a set of states that
/// advances by whole segments, so the work is bounded by (segments of the name) × (size of the patterns), whatever the
/// name. Patterns are spread over automata of at most ``Automaton/maximumStates`` states, whose sets fit on the stack.
final class CompiledRules: @unchecked Sendable {
    /// A trie of one noun, action and tenant.
    struct Root {
        var tenant: TenantID
        var node: UInt32
        var acceptsEmptyName: Bool
    }

    /// A place in the literal part.
    struct Node {
        /// Sorted by length, then bytes.
        var firstEdge: UInt32 = 0
        var edgeCount: UInt32 = 0
        var firstAutomaton: UInt32 = 0
        var automatonCount: UInt32 = 0
        /// A pattern ends here.
        var accepts = false
        /// A pattern ends here with `**`: whatever follows is covered.
        var acceptsSubtree = false
    }

    struct Edge {
        var label: Text
        var node: UInt32
    }

    /// Bytes in the pool.
    struct Text {
        var offset: UInt32
        var count: UInt32
    }

    struct Automaton {
        static let maximumStates = 1024
        static let words = maximumStates / 64
        var firstState: UInt32
        var stateCount: UInt32
    }

    struct State {
        var firstStep: UInt32 = 0
        var stepCount: UInt32 = 0
        /// Index within the automaton of the `**` that follows, which may stand for nothing; -1 for none.
        var skip: Int32 = -1
        /// A `**`: stays for any segment.
        var loops = false
        var accepts = false
    }

    /// From a state over one segment. Literal: `count` is 0 and `first` the text. Wildcard: pieces `first ..< first + count`.
    struct Step {
        var first: UInt32
        var count: UInt32
        /// Index within the automaton.
        var state: UInt32
        var literal: Text
    }

    static let slots = 512

    /// Where each (noun, action) finds its roots: `starts[slot] ..< starts[slot + 1]`, sorted by tenant.
    let starts: UnsafeBufferPointer<UInt32>
    let roots: UnsafeBufferPointer<Root>
    let nodes: UnsafeBufferPointer<Node>
    let edges: UnsafeBufferPointer<Edge>
    let automata: UnsafeBufferPointer<Automaton>
    let states: UnsafeBufferPointer<State>
    let steps: UnsafeBufferPointer<Step>
    let pieces: UnsafeBufferPointer<Text>
    let pool: UnsafeRawBufferPointer

    /// 32 actions for each of 16 nouns.
    static func slot(_ noun: Noun, _ action: Action) -> Int { Int(noun.code) << 5 | Int(action.code) }

    init(_ rules: [ResolvedRule]) {
        var builder = RuleCompiler()
        builder.add(rules)
        starts = Self.copy(builder.starts)
        roots = Self.copy(builder.roots)
        nodes = Self.copy(builder.nodes)
        edges = Self.copy(builder.edges)
        automata = Self.copy(builder.automata)
        states = Self.copy(builder.states)
        steps = Self.copy(builder.steps)
        pieces = Self.copy(builder.pieces)
        pool = UnsafeRawBufferPointer(Self.copy(builder.pool))
    }

    deinit {
        starts.deallocate()
        roots.deallocate()
        nodes.deallocate()
        edges.deallocate()
        automata.deallocate()
        states.deallocate()
        steps.deallocate()
        pieces.deallocate()
        pool.deallocate()
    }

    private static func copy<T: BitwiseCopyable>(_ elements: [T]) -> UnsafeBufferPointer<T> {
        let memory = UnsafeMutableBufferPointer<T>.allocate(capacity: elements.count)
        _ = memory.initialize(from: elements)
        return UnsafeBufferPointer(memory)
    }
}
