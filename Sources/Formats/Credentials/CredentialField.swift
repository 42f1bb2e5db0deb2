/// A field of the own format for credentials: a column of CSV, a key of JSON.
enum CredentialField: Equatable {
    /// `name`, `provider`, `email`, `client_id`, `memo`.
    case text(String)
    case enabled
    case tags
    case parameter(String)
    case attribute(String)
    case secret(String)
    case expires(String)

    private static let texts: Set<String> = ["name", "provider", "email", "client_id", "memo"]
    /// The maps, as JSON and CSV call them.
    private static let maps = ["parameters", "attributes", "secrets", "expires"]

    // MARK: CSV

    /// The first line.
    static func read(_ head: [CSVReader.Field], _ line: Int) throws(FormatError) -> [CredentialField] {
        var seen = SeenNames()
        var fields: [CredentialField] = []
        for column in head {
            guard case .text(let bytes) = column else { throw FormatError(line: line, "a column has no name") }
            let name = String(decoding: bytes, as: UTF8.self)
            guard let field = CredentialField(column: name) else {
                throw FormatError(
                    line: line, "there is no column '\(FormatError.short(name))'; there are name, provider, email, client_id, tags, memo, "
                        + "enabled, and parameters.X, attributes.X, secrets.X, expires.X")
            }
            try seen.insert(name, line: line)
            fields.append(field)
        }
        for needed in ["name", "provider"] where !fields.contains(.text(needed)) {
            throw FormatError(line: line, "the column '\(needed)' is missing")
        }
        return fields
    }

    private init?(column name: String) {
        if Self.texts.contains(name) {
            self = .text(name)
        } else if name == "enabled" {
            self = .enabled
        } else if name == "tags" {
            self = .tags
        } else if let dot = name.firstIndex(of: "."), name.index(after: dot) != name.endIndex {
            self.init(map: String(name[..<dot]), key: String(name[name.index(after: dot)...]))
        } else {
            return nil
        }
    }

    private init?(map: String, key: String) {
        switch map {
        case "parameters": self = .parameter(key)
        case "attributes": self = .attribute(key)
        case "secrets": self = .secret(key)
        case "expires": self = .expires(key)
        default: return nil
        }
    }

    /// Tags have `;` between.
    func set(cell bytes: [UInt8], _ fields: inout LegacyFields) throws(RowProblem) {
        let text = String(decoding: bytes, as: UTF8.self)
        switch self {
        case .text(let name): fields.set(name, text)
        case .enabled:
            guard let value = ["true": true, "1": true, "false": false, "0": false][text.lowercased()] else {
                throw .refused("enabled is neither true nor false")
            }
            fields.set("enabled", value)
        case .tags: fields.set("tags", text.split(separator: ";").joined(separator: "\n"))
        case .parameter(let name): fields.set(parameter: name, text)
        case .attribute(let name): fields.set(attribute: name, text)
        case .secret(let name): try Self.set(secret: name, bytes, &fields)
        case .expires(let kind): fields.set(expiry: kind, try Self.moment(text, kind))
        }
    }

    // MARK: JSON

    static func set(_ member: JSONTree.Member, _ fields: inout LegacyFields) throws(RowProblem) {
        let key = FormatError.short(member.key)
        if texts.contains(member.key) {
            if case .null = member.value { return }
            fields.set(member.key, try text(member.value, key))
        } else if member.key == "enabled" {
            guard case .bool(let value) = member.value else { throw .refused("enabled is neither true nor false") }
            fields.set("enabled", value)
        } else if member.key == "tags" {
            guard case .list(let items) = member.value else { throw .refused("tags is not a list") }
            var tags: [String] = []
            for item in items { tags.append(try text(item, "tags")) }
            guard !tags.contains(where: { $0.utf8.contains(.lineFeed) }) else { throw .refused("a tag has a line end") }
            fields.set("tags", tags.joined(separator: "\n"))
        } else if maps.contains(member.key) {
            guard let members = member.value.members else { throw .refused("\(key) is no object") }
            for inner in members { try set(inner, of: member.key, &fields) }
        } else {
            throw .refused("there is no field '\(key)'")
        }
    }

    private static func set(_ member: JSONTree.Member, of map: String, _ fields: inout LegacyFields) throws(RowProblem) {
        let name = "\(map).\(FormatError.short(member.key))"
        switch map {
        case "parameters": fields.set(parameter: member.key, try text(member.value, name))
        case "attributes": fields.set(attribute: member.key, try text(member.value, name))
        case "expires":
            if case .number(let digits) = member.value {
                fields.set(expiry: member.key, try moment(String(decoding: digits, as: UTF8.self), member.key))
            } else {
                fields.set(expiry: member.key, try moment(text(member.value, name), member.key))
            }
        default:
            guard case .text(let value) = member.value else { throw .refused("\(name) is not a text") }
            try set(secret: member.key, value, &fields)
        }
    }

    /// Numbers and truth values as they are written.
    private static func text(_ value: JSONTree, _ name: String) throws(RowProblem) -> String {
        switch value {
        case .text(let bytes), .number(let bytes): String(decoding: bytes, as: UTF8.self)
        case .bool(let value): value ? "true" : "false"
        case .null, .list, .object: throw .refused("\(name) is not a text")
        }
    }

    // MARK: Both

    /// An empty one is none.
    private static func set(secret name: String, _ value: [UInt8], _ fields: inout LegacyFields) throws(RowProblem) {
        guard value.count <= LegacyImport.maximumSecret else {
            throw .refused("secrets.\(FormatError.short(name)) has \(value.count) bytes, more than \(LegacyImport.maximumSecret)")
        }
        fields.set(secret: name, value.isEmpty ? nil : value)
    }

    /// Unix milliseconds, or a time as RFC 3339 has it.
    private static func moment(_ text: String, _ kind: String) throws(RowProblem) -> Int64 {
        if let number = Int64(text), (0...253_402_300_799_999).contains(number) { return number }
        guard let moment = SQLTime.milliseconds(text) else {
            throw .refused("expires.\(FormatError.short(kind)) is neither Unix milliseconds nor a time such as 2027-01-31T12:00:00Z")
        }
        return moment
    }
}
