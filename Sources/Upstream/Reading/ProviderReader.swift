/// Reads a provider's tree and keeps every error.
struct ProviderReader {
    /// Of any mapping or list.
    static let maximumMembers = 64

    var errors: [ProviderError] = []
    var parameters: [ProviderParameter] = []
    var bases: [String: String] = [:]

    /// - Throws: all that is wrong.
    static func read(_ source: String) throws(ProviderErrors) -> Provider {
        if let error = ProviderText.check(source) { throw ProviderErrors([error]) }
        let tree = try YAMLTree.read(source).get()
        var reader = ProviderReader()
        let provider = reader.provider(tree, source)
        guard reader.errors.isEmpty, let provider else { throw ProviderErrors(reader.errors) }
        return provider
    }

    private mutating func provider(_ node: YAMLTree, _ source: String) -> Provider? {
        let keys = [
            "provider", "title", "bases", "parameters", "concurrency", "gap", "lead", "default_lifetime", "session_lifetime", "errors",
            "rules", "steps",
        ]
        guard let fields = mapping(node, "", keys: keys, required: ["provider", "steps"]) else { return nil }
        let name = fields["provider"].flatMap { documentName($0, "provider") }
        let title = fields["title"].flatMap { text($0, "title") }
        // Names first: templates refer to them wherever they stand.
        if let node = fields["bases"] { readBases(node) }
        if let node = fields["parameters"] { readParameters(node) }
        let concurrency = fields["concurrency"].flatMap { number($0, "concurrency", 1...64) } ?? 4
        let gap = fields["gap"].flatMap { number($0, "gap", 0...600_000) } ?? 0
        let lead = fields["lead"].flatMap { number($0, "lead", 0...604_800) } ?? 300
        let lifetimes = [
            "access": fields["default_lifetime"].flatMap { number($0, "default_lifetime", 0...315_360_000) } ?? 0,
            "session": fields["session_lifetime"].flatMap { number($0, "session_lifetime", 0...315_360_000) } ?? 0,
        ]
        let pointers = fields["errors"].flatMap { errorPointers($0, "errors") } ?? ErrorPointers()
        let rules = fields["rules"].map { self.rules($0, "rules") } ?? []
        let steps = fields["steps"].map { self.steps($0, lifetimes) } ?? []
        guard let name else { return nil }
        return Provider(
            name: name, title: title ?? name, source: source, isBuiltIn: false, steps: steps, parameters: parameters, bases: bases,
            concurrency: Int(concurrency), gap: gap, lead: lead, defaultLifetime: lifetimes["access"] ?? 0,
            sessionLifetime: lifetimes["session"] ?? 0, rules: rules, errors: pointers)
    }

    // MARK: Names

    /// A name for templates that is not taken yet.
    private mutating func newName(_ member: YAMLTree.Member, _ field: String) -> String? {
        let place = Self.join(field, ProviderText.short(member.key))
        guard Template.isName(member.key) else {
            fail(line: member.line, place, "a name must be 1 to 64 of a-z, 0-9 and '_', beginning with a letter")
            return nil
        }
        let isTaken = Provider.tokenKinds.contains(member.key) || Provider.loginFields.contains(member.key) || bases[member.key] != nil
        if isTaken {
            fail(line: member.line, place, "this name means a token, a login field or a base URL already")
            return nil
        }
        return member.key
    }

    private mutating func readBases(_ node: YAMLTree) {
        for member in members(node, "bases") ?? [] {
            guard let name = newName(member, "bases"), let url = text(member.value, "bases.\(name)") else { continue }
            do throws(ProviderError) {
                if try UpstreamURL(Array(url.utf8)).hasQuery { throw ProviderError("", "must not have a query") }
                bases[name] = url
            } catch {
                fail(member.value, "bases.\(name)", error.message)
            }
        }
    }

    private mutating func readParameters(_ node: YAMLTree) {
        for member in members(node, "parameters") ?? [] {
            guard let name = newName(member, "parameters"), let parameter = parameter(name, member.value) else { continue }
            parameters.append(parameter)
        }
    }

    private mutating func parameter(_ name: String, _ node: YAMLTree) -> ProviderParameter? {
        let place = "parameters.\(name)"
        let keys = ["type", "default", "choices", "secret", "required", "per_call", "description"]
        guard let fields = mapping(node, place, keys: keys) else { return nil }
        let kind = fields["type"].flatMap { word($0, "\(place).type", ProviderParameter.Kind.self) } ?? .text
        let byDefault = fields["default"].flatMap { text($0, "\(place).default") }
        let parameter = ProviderParameter(
            name: name, kind: kind, default: byDefault, choices: fields["choices"].flatMap { texts($0, "\(place).choices") } ?? [],
            isSecret: fields["secret"].flatMap { bool($0, "\(place).secret") } ?? false,
            isRequired: fields["required"].flatMap { bool($0, "\(place).required") } ?? false,
            isPerCall: fields["per_call"].flatMap { bool($0, "\(place).per_call") } ?? false,
            description: fields["description"].flatMap { text($0, "\(place).description") } ?? "")
        if let byDefault, !byDefault.isEmpty {
            do throws(ProviderError) { try parameter.check(byDefault) } catch { fail(node, "\(place).default", error.message) }
            if parameter.isRequired { fail(node, place, "is required and has a default: only one of both makes sense") }
        }
        return parameter
    }

    // MARK: Templates

    /// A template all of whose names are known.
    mutating func template(_ node: YAMLTree, _ field: String) -> Template? {
        guard let text = text(node, field) else { return nil }
        return template(text, line: node.line, field)
    }

    mutating func template(_ text: String, line: Int, _ field: String) -> Template? {
        do throws(ProviderError) {
            let template = try Template(text)
            let unknown = template.names.filter { !isKnown($0) }
            for name in unknown { fail(line: line, field, "'{\(name)}' is neither a token, a login field, a base URL nor a parameter") }
            return unknown.isEmpty ? template : nil
        } catch {
            fail(line: line, field, error.message)
            return nil
        }
    }

    func isKnown(_ name: String) -> Bool {
        Provider.tokenKinds.contains(name) || Provider.loginFields.contains(name) || bases[name] != nil || parameter(name) != nil
    }

    func parameter(_ name: String) -> ProviderParameter? { parameters.first { $0.name == name } }

    /// `{ client_auth: basic, mode: [a, b] }`.
    mutating func parameterConditions(_ node: YAMLTree, _ field: String) -> [ParameterCondition] {
        var conditions: [ParameterCondition] = []
        for member in members(node, field) ?? [] {
            let place = Self.join(field, ProviderText.short(member.key))
            guard let parameter = parameter(member.key) else {
                fail(line: member.line, place, "is not a parameter")
                continue
            }
            guard let texts = texts(member.value, place) else { continue }
            let known = parameter.choices.joined(separator: ", ")
            for text in texts where !parameter.choices.isEmpty && !parameter.choices.contains(text) {
                fail(member.value, place, "'\(ProviderText.short(text))' can never be: it may be \(known)")
            }
            conditions.append(ParameterCondition(parameter: parameter.name, texts: texts, byDefault: parameter.default ?? ""))
        }
        return conditions
    }

    mutating func errorPointers(_ node: YAMLTree, _ field: String) -> ErrorPointers? {
        guard let fields = mapping(node, field, keys: ["code", "message"]) else { return nil }
        func read(_ key: String) -> [JSONPointer] {
            guard let node = fields[key], let texts = texts(node, "\(field).\(key)") else { return [] }
            return texts.compactMap { pointer($0, line: node.line, "\(field).\(key)") }
        }
        return ErrorPointers(code: read("code"), message: read("message"))
    }
}
