extension ProviderReader {
    private enum BodyKind: String, CaseIterable { case json, any }

    mutating func answer(_ fields: [String: YAMLTree], _ place: String, _ lifetimes: [String: UInt32]) -> AnswerDescription {
        var answer = AnswerDescription()
        answer.defaultLifetimes = lifetimes
        if let node = fields["answer"], let kind = word(node, "\(place).answer", BodyKind.self) { answer.mustBeJSON = kind == .json }
        if let node = fields["success"], let pattern = status(node, "\(place).success") { answer.success = pattern }
        for member in fields["take"].flatMap({ members($0, "\(place).take") }) ?? [] {
            if let rule = take(member, "\(place).take") { answer.takes.append(rule) }
        }
        if !answer.takes.isEmpty, !answer.mustBeJSON, let node = fields["answer"] {
            fail(node, "\(place).answer", "values are taken out of JSON only")
        }
        for member in fields["expires"].flatMap({ members($0, "\(place).expires") }) ?? [] {
            if let rule = expiry(member, "\(place).expires", answer.takes) { answer.expiries.append(rule) }
        }
        answer.errors = fields["errors"].flatMap { errorPointers($0, "\(place).errors") }
        answer.rules = fields["rules"].map { rules($0, "\(place).rules") } ?? []
        return answer
    }

    private mutating func take(_ member: YAMLTree.Member, _ place: String) -> TakeRule? {
        let field = Self.join(place, ProviderText.short(member.key))
        guard Template.isName(member.key) else {
            fail(line: member.line, field, "a name must be 1 to 64 of a-z, 0-9 and '_', beginning with a letter")
            return nil
        }
        guard case .map = member.value.content else {
            return pointers(member.value, field).map { TakeRule(name: member.key, pointers: $0) }
        }
        let keys = ["pointer", "optional", "prefix", "contains", "min_length", "max_length"]
        guard let parts = mapping(member.value, field, keys: keys, required: ["pointer"]) else { return nil }
        let longest = UInt32(TakeRule.maximumLength)
        let low = parts["min_length"].flatMap { number($0, "\(field).min_length", 1...longest) } ?? 1
        let high = parts["max_length"].flatMap { number($0, "\(field).max_length", 1...longest) } ?? longest
        guard low <= high else {
            fail(member.value, "\(field).min_length", "is more than max_length")
            return nil
        }
        let isOptional = parts["optional"].flatMap { bool($0, "\(field).optional") } ?? false
        let prefixes = parts["prefix"].flatMap { texts($0, "\(field).prefix") } ?? []
        let contains = parts["contains"].flatMap { text($0, "\(field).contains") }
        guard let pointers = parts["pointer"].flatMap({ pointers($0, "\(field).pointer") }) else { return nil }
        return TakeRule(
            name: member.key, pointers: pointers, isOptional: isOptional, prefixes: prefixes, contains: contains,
            lengths: Int(low)...Int(high))
    }

    /// One pointer, or a list of which the first that finds something counts.
    private mutating func pointers(_ node: YAMLTree, _ field: String) -> [JSONPointer]? {
        guard let texts = texts(node, field) else { return nil }
        let pointers = texts.compactMap { pointer($0, line: node.line, field) }
        return pointers.count == texts.count ? pointers : nil
    }

    /// `access: /expires_in`, or `{ in: POINTER }`, `{ at: POINTER }`.
    private mutating func expiry(_ member: YAMLTree.Member, _ place: String, _ takes: [TakeRule]) -> ExpiryRule? {
        let field = Self.join(place, ProviderText.short(member.key))
        guard Provider.tokenKinds.contains(member.key), takes.contains(where: { $0.name == member.key }) else {
            fail(line: member.line, field, "is not a token that the step takes")
            return nil
        }
        guard case .map = member.value.content else {
            return pointer(member.value, field).map { ExpiryRule(kind: member.key, form: .lifetime, pointer: $0) }
        }
        guard let parts = mapping(member.value, field, keys: ["in", "at"]) else { return nil }
        guard parts.count == 1, let part = parts.first else {
            fail(member.value, field, "must have 'in' (seconds from now) or 'at' (Unix seconds)")
            return nil
        }
        return pointer(part.value, "\(field).\(part.key)").map {
            ExpiryRule(kind: member.key, form: part.key == "in" ? .lifetime : .time, pointer: $0)
        }
    }

    private mutating func status(_ node: YAMLTree, _ field: String) -> StatusPattern? {
        guard let texts = texts(node, field) else { return nil }
        let ranges = texts.compactMap(StatusPattern.range)
        guard ranges.count == texts.count else {
            fail(node, field, "must be a status such as 401, 4xx or 500-599, or a list of them")
            return nil
        }
        return StatusPattern(ranges: ranges)
    }

    // MARK: Rules

    mutating func rules(_ node: YAMLTree, _ place: String) -> [AnswerRule] {
        (list(node, place) ?? []).compactMap { rule($0, place) }
    }

    private mutating func rule(_ node: YAMLTree, _ place: String) -> AnswerRule? {
        guard let parts = mapping(
            node, place, keys: ["when", "verdict", "unused", "retry_after", "reason"], required: ["when", "verdict"]
        ) else { return nil }
        let conditions = parts["when"].flatMap { self.conditions($0, "\(place).when") }
        let word = parts["verdict"].flatMap { self.word($0, "\(place).verdict", AnswerRule.Word.self) }
        let unused = parts["unused"].flatMap { bool($0, "\(place).unused") }
        let reason = parts["reason"].flatMap { self.reason($0, "\(place).reason") }
        let retryAfter = parts["retry_after"].flatMap { self.retryAfter($0, "\(place).retry_after") }
        if let node = parts["retry_after"], let word, word != .limited {
            fail(node, "\(place).retry_after", "belongs to the verdict limited")
        }
        if unused == true, word == .ok, let node = parts["unused"] { fail(node, "\(place).unused", "an ok answer used the token") }
        guard let conditions, let word else { return nil }
        return AnswerRule(conditions: conditions, word: word, unused: unused, retryAfter: retryAfter, reason: reason)
    }

    private mutating func reason(_ node: YAMLTree, _ field: String) -> String? {
        guard let text = text(node, field) else { return nil }
        if text.utf8.count <= 200, !text.utf8.contains(where: { $0 < 0x20 }) { return text }
        fail(node, field, "must be one line of at most 200 bytes")
        return nil
    }

    private mutating func retryAfter(_ node: YAMLTree, _ field: String) -> AnswerRule.RetryAfter? {
        guard let text = text(node, field) else { return nil }
        if text == "header" { return .header }
        if text.first == "/" { return pointer(node, field).map { .pointer($0) } }
        return number(node, field, 1...86_400).map { .seconds($0) }
    }

    private mutating func conditions(_ node: YAMLTree, _ field: String) -> [AnswerCondition]? {
        guard let parts = mapping(node, field, keys: ["status", "content_type", "header", "body", "json"]) else { return nil }
        var conditions: [AnswerCondition] = []
        let before = errors.count
        if let node = parts["status"], let pattern = status(node, "\(field).status") { conditions.append(.status(pattern)) }
        if let node = parts["content_type"], let types = texts(node, "\(field).content_type") {
            conditions.append(.contentType(types.map { $0.lowercased() }))
        }
        if let node = parts["json"], let isJSON = bool(node, "\(field).json") { conditions.append(.isJSON(isJSON)) }
        for member in parts["header"].flatMap({ members($0, "\(field).header") }) ?? [] {
            let place = "\(field).header.\(ProviderText.short(member.key))"
            if let test = test(member.value, place) { conditions.append(.header(member.key, test)) }
        }
        for member in parts["body"].flatMap({ members($0, "\(field).body") }) ?? [] {
            let place = "\(field).body.\(ProviderText.short(member.key))"
            if let pointer = pointer(member.key, line: member.line, place), let test = test(member.value, place) {
                conditions.append(.body(pointer, test))
            }
        }
        if conditions.isEmpty, errors.count == before { fail(node, field, "must have a condition") }
        return errors.count == before ? conditions : nil
    }

    private static let kinds = ["null", "bool", "number", "string", "array", "object"]

    /// A text or a list: equals one of them; or `{ exists, equals, not, contains, type }`, of which all must hold.
    private mutating func test(_ node: YAMLTree, _ field: String) -> TextTest? {
        guard case .map = node.content else { return texts(node, field).map { .equals($0) } }
        guard let parts = mapping(node, field, keys: ["exists", "equals", "not", "contains", "type"]) else { return nil }
        var tests: [TextTest] = []
        if let node = parts["exists"], let exists = bool(node, "\(field).exists") { tests.append(.exists(exists)) }
        if let node = parts["equals"], let texts = texts(node, "\(field).equals") { tests.append(.equals(texts)) }
        if let node = parts["not"], let texts = texts(node, "\(field).not") { tests.append(.differs(texts)) }
        if let node = parts["contains"], let texts = texts(node, "\(field).contains") { tests.append(.contains(texts)) }
        if let node = parts["type"], let kinds = texts(node, "\(field).type") {
            for kind in kinds where !Self.kinds.contains(kind) {
                fail(node, "\(field).type", "'\(ProviderText.short(kind))' is not known; it may be \(Self.kinds.joined(separator: ", "))")
            }
            tests.append(.kind(kinds))
        }
        if tests.isEmpty { fail(node, field, "must have exists, equals, not, contains or type") }
        return tests.isEmpty ? nil : .all(tests)
    }
}
