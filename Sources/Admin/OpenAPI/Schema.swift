import CofferJSON

/// The shape of a body, as OpenAPI 3.1 (JSON Schema 2020-12) writes it.
indirect enum Schema: Sendable {
    case text
    /// One of these.
    case word([String])
    case number
    case flag
    /// Unix milliseconds; `null`: never, or unknown.
    case moment
    case list(Schema)
    case object([Member])
    /// An object of texts, whatever their names.
    case map
    /// Anything.
    case any
    /// A schema of the document's own.
    case named(String)
    case nullable(Schema)
    /// A body that may be absent.
    case optional(Schema)

    struct Member: Sendable {
        var name: String
        var schema: Schema
        var isRequired: Bool
        var summary: String

        init(_ name: String, _ schema: Schema, required: Bool = false, _ summary: String = "") {
            self.name = name
            self.schema = schema
            isRequired = required
            self.summary = summary
        }
    }

    var isOptional: Bool { if case .optional = self { true } else { false } }

    static func page(_ item: Schema) -> Schema {
        .object([
            Member("items", .list(item), required: true), Member("next", .nullable(.text), required: true, "where to go on; null: that was all"),
            Member("total", .number, "how many there are"),
        ])
    }

    var json: JSONValue {
        switch self {
        case .text: .object([("type", .string("string"))])
        case .word(let words): .object([("type", .string("string")), ("enum", .strings(words))])
        // Numbers above 2^53 - 1 are texts.
        case .number: .object([("type", .strings(["integer", "string"]))])
        case .flag: .object([("type", .string("boolean"))])
        case .moment: .object([("type", .strings(["integer", "string", "null"])), ("description", .string("Unix milliseconds"))])
        case .list(let item): .object([("type", .string("array")), ("items", item.json)])
        case .map: .object([("type", .string("object")), ("additionalProperties", .object([("type", .strings(["string", "null"]))]))])
        case .any: .object([])
        case .named(let name): .object([("$ref", .string("#/components/schemas/\(name)"))])
        case .nullable(let schema): .object([("anyOf", .array([schema.json, .object([("type", .string("null"))])]))])
        case .optional(let schema): schema.json
        case .object(let members): Self.object(members)
        }
    }

    private static func object(_ members: [Member]) -> JSONValue {
        var properties: [(String, JSONValue)] = []
        for member in members {
            var schema = member.schema.json
            if !member.summary.isEmpty, case .object(let fields) = schema, !fields.contains(where: { $0.0 == "$ref" || $0.0 == "description" }) {
                schema = .object(fields + [("description", .string(member.summary))])
            }
            properties.append((member.name, schema))
        }
        var fields: [(String, JSONValue)] = [("type", .string("object")), ("properties", .object(properties))]
        let required = members.filter(\.isRequired).map(\.name)
        if !required.isEmpty { fields.append(("required", .strings(required))) }
        return .object(fields)
    }
}
