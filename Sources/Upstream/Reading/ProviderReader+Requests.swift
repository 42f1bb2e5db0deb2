import CofferJSON

extension ProviderReader {
    private static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    private static let bodies = ["form", "multipart", "json"]

    mutating func request(_ fields: [String: YAMLTree], _ place: String) -> RequestTemplate? {
        guard let url = fields["url"].flatMap({ self.url($0, "\(place).url") }) else { return nil }
        let given = Self.bodies.filter { fields[$0] != nil }
        var request = RequestTemplate(method: given.isEmpty ? "GET" : "POST", url: url)
        if let node = fields["method"], let method = text(node, "\(place).method") {
            if !Self.methods.contains(method) { fail(node, "\(place).method", "must be \(Self.methods.joined(separator: ", "))") }
            if method == "GET", let body = given.first { fail(node, "\(place).method", "a GET has no body, but '\(body)' is there") }
            request.method = method
        }
        if given.count > 1, let node = fields[given[1]] {
            fail(node, "\(place).\(given[1])", "a request has one body; '\(given[0])' is there already")
        }
        request.query = fields["query"].map { self.fields($0, "\(place).query") } ?? []
        request.headers = fields["headers"].map { headers($0, "\(place).headers") } ?? []
        if let node = fields["basic"] {
            request.basic = basic(node, "\(place).basic")
            if request.headers.contains(where: { $0.name.lowercased() == "authorization" }) {
                fail(node, "\(place).basic", "the header Authorization is there already")
            }
        }
        if let node = fields["form"] { request.body = .form(self.fields(node, "\(place).form")) }
        if let node = fields["multipart"] { request.body = .multipart(multipart(node, "\(place).multipart")) }
        if let node = fields["json"], let json = json(node, "\(place).json") { request.body = .json(json) }
        if let node = fields["form_extra"], let name = text(node, "\(place).form_extra") {
            if parameter(name) == nil { fail(node, "\(place).form_extra", "'\(ProviderText.short(name))' is not a parameter") }
            if fields["form"] == nil { fail(node, "\(place).form_extra", "there is no form to add to") }
            request.formExtra = name
        }
        return request
    }

    /// `https://host/…`, or a base URL or parameter of type url at the start; the host is never put together.
    private mutating func url(_ node: YAMLTree, _ field: String) -> Template? {
        guard let template = template(node, field) else { return nil }
        switch template.pieces.first {
        case .literal(let text)?:
            let lower = text.prefix(8).lowercased()
            guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else {
                fail(node, field, "must begin with http://, https://, a base URL or a parameter of type url")
                return nil
            }
            let rest = text.dropFirst(lower.hasPrefix("https://") ? 8 : 7)
            if template.pieces.count > 1, !rest.contains("/"), !rest.contains("?") {
                fail(node, field, "the host must not be a template")
                return nil
            }
        case .value(let name)?:
            guard bases[name] != nil || parameter(name)?.kind == .url else {
                fail(node, field, "must begin with http://, https://, a base URL or a parameter of type url")
                return nil
            }
            if template.pieces.count > 1, case .literal(let text) = template.pieces[1], text.first == "/" || text.first == "?" {
            } else if template.pieces.count > 1 {
                fail(node, field, "'/' or '?' must follow '{\(name)}'")
                return nil
            }
        case nil:
            fail(node, field, "has no value")
            return nil
        }
        for case .literal(let text) in template.pieces {
            guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "\\") }) else {
                fail(node, field, "must not contain blanks, '#', '\\' or non-ASCII characters")
                return nil
            }
        }
        if template.names.isEmpty, case .literal(let text)? = template.pieces.first {
            do throws(ProviderError) { _ = try UpstreamURL(Array(text.utf8)) } catch { fail(node, field, error.message) }
        }
        return template
    }

    /// Fields of a form or a query.
    private mutating func fields(_ node: YAMLTree, _ place: String) -> [TemplateField] {
        var fields: [TemplateField] = []
        for member in members(node, place) ?? [] {
            let field = Self.join(place, ProviderText.short(member.key))
            if member.key.isEmpty { fail(line: member.line, place, "a field has no name") }
            if let read = self.field(member.key, member.value, field, prefix: "") { fields.append(read) }
        }
        return fields
    }

    /// A text, or `{ value, when, otherwise, optional }`; in JSON, where any key may be a member's, these begin with `$`.
    private mutating func field(_ name: String, _ node: YAMLTree, _ field: String, prefix: String) -> TemplateField? {
        guard case .map = node.content else {
            return template(node, field).map { TemplateField(name: name, template: $0, line: node.line) }
        }
        let keys = ["value", "when", "otherwise", "optional"].map { prefix + $0 }
        if case .map(let members) = node.content, members.count == 1, Template.isName(members[0].key), !keys.contains(members[0].key) {
            _ = text(node, field)
            return nil
        }
        guard let parts = mapping(node, field, keys: keys, required: [prefix + "value"]) else { return nil }
        let conditions = parts[prefix + "when"].map { parameterConditions($0, "\(field).when") } ?? []
        let otherwise = parts[prefix + "otherwise"].flatMap { text($0, "\(field).otherwise") }
        let isOptional = parts[prefix + "optional"].flatMap { bool($0, "\(field).optional") } ?? false
        guard let value = parts[prefix + "value"], let template = template(value, "\(field).value") else { return nil }
        return TemplateField(
            name: name, template: template, conditions: conditions, otherwise: otherwise, isOptional: isOptional, line: node.line)
    }

    /// Headers that libcurl or the body decide, and those that would make one request two.
    private static let reservedHeaders: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade", "user-agent", "cookie",
        "accept-encoding", "proxy-authorization", "proxy-connection", "keep-alive",
    ]

    private mutating func headers(_ node: YAMLTree, _ place: String) -> [TemplateField] {
        let fields = fields(node, place)
        var seen: Set<String> = []
        for field in fields {
            let name = field.name.lowercased()
            let isToken = !name.isEmpty && name.utf8.count <= 64 && name.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
            let shown = ProviderText.short(field.name)
            if !isToken { fail(line: field.line, "\(place).\(shown)", "is not a header's name") }
            if Self.reservedHeaders.contains(name) {
                fail(line: field.line, "\(place).\(shown)", "this header is not the provider's to set")
            }
            if !seen.insert(name).inserted { fail(line: field.line, "\(place).\(shown)", "stands twice") }
        }
        return fields
    }

    private mutating func multipart(_ node: YAMLTree, _ place: String) -> [TemplateField] {
        let fields = fields(node, place)
        for field in fields {
            let isPlain = field.name.utf8.count <= 128 && field.name.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "-_.[]".utf8.contains(byte)
            }
            if !isPlain { fail(line: field.line, "\(place).\(ProviderText.short(field.name))", "must be of letters, digits and -_.[]") }
        }
        return fields
    }

    private mutating func basic(_ node: YAMLTree, _ place: String) -> BasicTemplate? {
        guard let parts = mapping(node, place, keys: ["user", "password", "when"], required: ["user", "password"]) else { return nil }
        let conditions = parts["when"].map { parameterConditions($0, "\(place).when") } ?? []
        guard let user = parts["user"].flatMap({ template($0, "\(place).user") }),
            let password = parts["password"].flatMap({ template($0, "\(place).password") })
        else { return nil }
        return BasicTemplate(user: user, password: password, conditions: conditions)
    }

    private mutating func json(_ node: YAMLTree, _ place: String) -> JSONTemplate? {
        switch node.content {
        case .text(let text, let isPlain):
            if isPlain, let value = Self.literal(text) { return .fixed(value) }
            return template(text, line: node.line, place).map { .field(TemplateField(name: "", template: $0, line: node.line)) }
        case .list(let items):
            let read = items.compactMap { json($0, place) }
            return read.count == items.count ? .array(read) : nil
        case .map(let members):
            if members.contains(where: { $0.key.first == "$" }) { return field("", node, place, prefix: "$").map { .field($0) } }
            var read: [(String, JSONTemplate)] = []
            for member in members {
                if let value = json(member.value, Self.join(place, ProviderText.short(member.key))) { read.append((member.key, value)) }
            }
            return read.count == members.count ? .object(read) : nil
        }
    }

    /// What YAML without quotes means in JSON: null, true, false and numbers as JSON writes them.
    private static func literal(_ text: String) -> JSONValue? {
        if text.isEmpty || text == "~" { return .null }
        guard let value = try? JSONValue.parse(Array(text.utf8), allowsTrailing: false) else { return nil }
        switch value {
        case .null, .bool, .integer, .number: return value
        default: return nil
        }
    }
}
