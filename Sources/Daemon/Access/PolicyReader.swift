import CofferStore
import Yams

/// Reads one document's nodes and keeps every error. A value that is wrong is nil further on, so that one mistake is
/// reported once.
struct PolicyReader {
    let linesBefore: Int
    let directory: any AccountDirectory
    let machine: MachineFacts
    let tenant: (String) -> TenantID?

    private(set) var errors: [PolicyError] = []
    private var report: [String] = []
    /// The line of each rule, by what it says.
    private var seen: [[UInt8]: Int] = [:]

    init(linesBefore: Int, directory: any AccountDirectory, machine: MachineFacts, tenant: @escaping (String) -> TenantID?) {
        self.linesBefore = linesBefore
        self.directory = directory
        self.machine = machine
        self.tenant = tenant
    }

    /// nil when the name could not be read; with ``errors`` the result must not be used.
    mutating func read(_ node: Node, source: [UInt8]) -> ParsedPolicy? {
        guard let fields = mapping(node, "a policy", keys: ["policy", "rules"], optional: []) else { return nil }
        let name = fields["policy"].flatMap { policyName($0) }
        var rules: [ResolvedRule] = []
        for element in fields["rules"].flatMap({ list($0, "rules") }) ?? [] {
            if let rule = rule(element) { rules.append(rule) }
        }
        guard let name, let field = fields["policy"] else { return nil }
        return ParsedPolicy(name: name, source: source, rules: rules, report: report, line: line(field))
    }

    private mutating func policyName(_ node: Node) -> [UInt8]? {
        guard let text = text(node, "policy") else { return nil }
        do {
            return try DocumentName(text.utf8).bytes
        } catch {
            fail(node, "policy: \(error.rawValue)")
            return nil
        }
    }

    private mutating func rule(_ node: Node) -> ResolvedRule? {
        guard let fields = mapping(
            node, "a rule", keys: ["who", "tenant", "noun", "actions", "names"], optional: ["names"]
        ) else { return nil }
        let who = fields["who"].flatMap { self.who($0) }
        let tenant = fields["tenant"].flatMap { self.tenant($0) }
        let noun = fields["noun"].flatMap { self.noun($0) }
        let actions = fields["actions"].flatMap { self.actions($0, noun) }
        let names = names(fields["names"], noun, node)
        guard let who, let tenant, let noun, let actions, let names else { return nil }
        let rule = ResolvedRule(who: who, tenant: tenant, noun: noun, actions: actions, names: names)
        let key = rule.canonicalBytes
        if let first = seen[key] {
            fail(node, "this rule already stands in line \(first)")
            return nil
        }
        seen[key] = line(node)
        for reason in machine.obstacles(to: rule) { report.append("line \(line(node)): \(reason)") }
        return rule
    }

    private mutating func who(_ node: Node) -> [[ResolvedSelector]]? {
        guard let elements = list(node, "who") else { return nil }
        var result: [[ResolvedSelector]] = []
        for element in elements {
            if case .sequence = element {
                guard let parts = list(element, "an alternative of who") else { continue }
                let alternative = parts.compactMap { selector($0) }
                if alternative.count == parts.count { result.append(alternative) }
            } else if let selector = selector(element) {
                result.append([selector])
            }
        }
        return result.count == elements.count ? result : nil
    }

    private mutating func selector(_ node: Node) -> ResolvedSelector? {
        if case .mapping = node {
            fail(node, "a selector has no blank after its colon, as in uid:1001")
            return nil
        }
        guard let text = text(node, "a selector") else { return nil }
        do {
            return try ResolvedSelector(Selector(text), directory: directory)
        } catch {
            fail(node, error.description)
            return nil
        }
    }

    private mutating func tenant(_ node: Node) -> TenantID? {
        guard let text = text(node, "tenant") else { return nil }
        if let id = tenant(text) { return id }
        fail(node, "unknown tenant '\(SelectorError.short(text))'")
        return nil
    }

    private mutating func noun(_ node: Node) -> Noun? {
        guard let text = text(node, "noun") else { return nil }
        if let noun = Noun(rawValue: text) { return noun }
        let known = Noun.allCases.map(\.rawValue).joined(separator: ", ")
        fail(node, "unknown noun '\(SelectorError.short(text))'; it may be \(known)")
        return nil
    }

    /// Without a noun, words that are no noun's action are still reported.
    private mutating func actions(_ node: Node, _ noun: Noun?) -> [Action]? {
        guard let elements = list(node, "actions") else { return nil }
        var result: [Action] = []
        for element in elements {
            guard let text = text(element, "an action") else { continue }
            let known = noun?.actions ?? Action.allCases
            guard let action = known.first(where: { $0.rawValue == text }) else {
                let of = noun.map { " for noun '\($0.rawValue)'" } ?? ""
                let list = known.map(\.rawValue).joined(separator: ", ")
                fail(element, "unknown action '\(SelectorError.short(text))'\(of); it may be \(list)")
                continue
            }
            if result.contains(action) { fail(element, "action '\(text)' stands twice") } else { result.append(action) }
        }
        return result.count == elements.count ? result : nil
    }

    private mutating func names(_ node: Node?, _ noun: Noun?, _ rule: Node) -> [Glob]? {
        guard let node else {
            guard let noun else { return nil }
            if noun.isSingle { return [] }
            fail(rule, "missing key 'names': noun '\(noun.rawValue)' has names")
            return nil
        }
        guard let elements = list(node, "names") else { return nil }
        var result: [Glob] = []
        for element in elements {
            guard let text = text(element, "a name") else { continue }
            do {
                let glob = try Glob(text.utf8, noun: noun ?? .secret)
                if result.contains(glob) { fail(element, "'\(SelectorError.short(text))' stands twice") } else { result.append(glob) }
            } catch {
                fail(element, "pattern '\(SelectorError.short(text))': \(error.description)")
            }
        }
        return result.count == elements.count ? result : nil
    }
}

// Shapes of nodes.
extension PolicyReader {
    private func line(_ node: Node) -> Int { linesBefore + (node.mark?.line ?? 1) }

    private mutating func fail(_ node: Node, _ message: String) {
        errors.append(PolicyError(line: line(node), message: message))
    }

    private mutating func mapping(_ node: Node, _ what: String, keys: [String], optional: Set<String>) -> [String: Node]? {
        guard case .mapping(let mapping) = node else {
            fail(node, "\(what) must be a mapping with the keys \(keys.joined(separator: ", "))")
            return nil
        }
        var result: [String: Node] = [:]
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key, keys.contains(scalar.string) else {
                let name = key.scalar.map { " '\(SelectorError.short($0.string))'" } ?? ""
                fail(key, "unknown key\(name) in \(what); it may be \(keys.joined(separator: ", "))")
                continue
            }
            result[scalar.string] = value
        }
        for key in keys where result[key] == nil && !optional.contains(key) { fail(node, "missing key '\(key)' in \(what)") }
        return result
    }

    /// The elements, at least one.
    private mutating func list(_ node: Node, _ what: String) -> [Node]? {
        guard case .sequence(let sequence) = node else {
            fail(node, "\(what) must be a list")
            return nil
        }
        if sequence.isEmpty {
            fail(node, "\(what) must not be empty")
            return nil
        }
        return Array(sequence)
    }

    private mutating func text(_ node: Node, _ what: String) -> String? {
        guard case .scalar(let scalar) = node else {
            fail(node, "\(what) must be text")
            return nil
        }
        let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
        if isNull || scalar.string.isEmpty {
            fail(node, "\(what) has no value")
            return nil
        }
        return scalar.string
    }
}
