extension ProviderReader {
    mutating func steps(_ node: YAMLTree, _ lifetimes: [String: UInt32]) -> [ProviderStep] {
        guard let items = list(node, "steps") else { return [] }
        if items.isEmpty { fail(node, "steps", "must not be empty") }
        var steps: [ProviderStep] = []
        var lines: [String: Int] = [:]
        for item in items {
            guard let step = step(item, lifetimes) else { continue }
            if let first = lines[step.name] {
                fail(item, "steps.\(step.name)", "a step of this name already stands in line \(first)")
            } else {
                lines[step.name] = item.line
                steps.append(step)
            }
        }
        return steps
    }

    private static let stepKeys = [
        "name", "purpose", "when", "cost", "timeout", "consumes", "replay", "method", "url", "query", "headers", "basic", "form",
        "multipart", "json", "form_extra", "answer", "success", "take", "expires", "errors", "rules",
    ]

    private mutating func step(_ node: YAMLTree, _ lifetimes: [String: UInt32]) -> ProviderStep? {
        var place = "steps"
        if case .map(let members) = node.content, case .text(let name, _)? = members.first(where: { $0.key == "name" })?.value.content {
            place += ".\(ProviderText.short(name))"
        }
        guard let fields = mapping(node, place, keys: Self.stepKeys, required: ["name", "url"]) else { return nil }
        let name = fields["name"].flatMap { documentName($0, "\(place).name") }
        let purpose = fields["purpose"].map { word($0, "\(place).purpose", StepPurpose.self) } ?? .other
        let conditions = fields["when"].map { parameterConditions($0, "\(place).when") } ?? []
        let cost = fields["cost"].flatMap { number($0, "\(place).cost", 0...1_000_000) } ?? 0
        let timeout = fields["timeout"].flatMap { number($0, "\(place).timeout", 1_000...120_000) } ?? 30_000
        let consumes = fields["consumes"].flatMap { tokenKind($0, "\(place).consumes") }
        let request = request(fields, place)
        let answer = answer(fields, place, lifetimes)
        let replay = fields["replay"].flatMap { self.replay($0, "\(place).replay") } ?? .fixed(Self.replay(of: purpose ?? .other, consumes))
        guard let name, let purpose, let request else { return nil }
        var needs: Set<String> = []
        var names: Set<String> = []
        collect(request, &needs, &names)
        if let consumes, !names.contains(consumes), let node = fields["consumes"] {
            fail(node, "\(place).consumes", "the request does not hold '{\(consumes)}'")
        }
        return ProviderStep(
            name: name, purpose: purpose, needs: needs, gives: Set(answer.takes.map(\.name)).intersection(Provider.tokenKinds),
            cost: cost, timeout: timeout, consumes: consumes, names: names, replayRule: replay, conditions: conditions,
            request: request, answer: answer)
    }

    private mutating func tokenKind(_ node: YAMLTree, _ field: String) -> String? {
        guard let text = text(node, field) else { return nil }
        if Provider.tokenKinds.contains(text) { return text }
        let known = Provider.tokenKinds.sorted().joined(separator: ", ")
        fail(node, field, "'\(ProviderText.short(text))' is not a kind of token; it may be \(known)")
        return nil
    }

    /// Where the file says nothing. Who asks about a token does not use it up; who trades one in may.
    private static func replay(of purpose: StepPurpose, _ consumes: String?) -> Replay {
        switch purpose {
        case .check, .info, .summary, .quota: .safe
        default: consumes == nil ? .safe : .never
        }
    }

    private mutating func replay(_ node: YAMLTree, _ field: String) -> ReplayRule? {
        guard let text = text(node, field) else { return nil }
        if let replay = Replay(text) { return .fixed(replay) }
        if let name = (try? Template(text))?.soleName {
            if let parameter = parameter(name), parameter.kind == .replay {
                return .parameter(name, default: parameter.default ?? "never")
            }
            fail(node, field, "'{\(name)}' is not a parameter of type replay")
            return nil
        }
        fail(node, field, "must be never, safe, grace SECONDS (1 to 3600) or \"{parameter}\"")
        return nil
    }

    /// Names that must have a value, and all names.
    private func collect(_ request: RequestTemplate, _ needs: inout Set<String>, _ names: inout Set<String>) {
        func isFilled(_ name: String) -> Bool { bases[name] != nil || !(parameter(name)?.default ?? "").isEmpty }
        func add(_ template: Template) {
            names.formUnion(template.names)
            needs.formUnion(template.names.filter { !isFilled($0) })
        }
        func add(_ field: TemplateField, isLenient: Bool) {
            names.formUnion(field.template.names)
            guard field.conditions.isEmpty, field.otherwise == nil, !field.isOptional else { return }
            let absent = field.template.names.filter { !isFilled($0) }
            // A member that may be left out asks for nothing.
            if isLenient, absent.allSatisfy({ parameter($0).map { !$0.isRequired } ?? false }) { return }
            needs.formUnion(absent)
        }
        func add(_ json: JSONTemplate) {
            switch json {
            case .fixed: break
            case .field(let field): add(field, isLenient: true)
            case .array(let items): for item in items { add(item) }
            case .object(let members): for (_, member) in members { add(member) }
            }
        }
        add(request.url)
        for field in request.query { add(field, isLenient: true) }
        for field in request.headers { add(field, isLenient: false) }
        if let basic = request.basic {
            if basic.conditions.isEmpty {
                add(basic.user)
                add(basic.password)
            } else {
                names.formUnion(basic.user.names + basic.password.names)
            }
        }
        if let extra = request.formExtra { names.insert(extra) }
        switch request.body {
        case .none: break
        case .form(let fields), .multipart(let fields): for field in fields { add(field, isLenient: true) }
        case .json(let json): add(json)
        }
    }
}
