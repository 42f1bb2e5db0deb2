/// Text with `{name}` in it; `{{` is a brace.
struct Template: Equatable, Sendable {
    enum Piece: Equatable, Sendable {
        case literal(String)
        case value(String)
    }

    let pieces: [Piece]

    /// 1 to 64 of `[a-z0-9_]`, beginning with a letter.
    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first), text.utf8.count <= 64 else { return false }
        return text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_")
        }
    }

    /// - Throws: what is wrong, without a line.
    init(_ text: String) throws(ProviderError) {
        var pieces: [Piece] = []
        var literal = ""
        var rest = text[...]
        while let brace = rest.firstIndex(of: "{") {
            literal += rest[..<brace]
            rest = rest[rest.index(after: brace)...]
            if rest.first == "{" {
                literal.append("{")
                rest = rest.dropFirst()
                continue
            }
            guard let end = rest.firstIndex(of: "}") else { throw ProviderError("", "'{' without '}'; a brace itself is written '{{'") }
            let name = rest[..<end]
            guard Self.isName(name) else {
                throw ProviderError("", "'{\(ProviderText.short(name))}' is not a name; a brace itself is written '{{'")
            }
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = ""
            pieces.append(.value(String(name)))
            rest = rest[rest.index(after: end)...]
        }
        literal += rest
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        self.pieces = pieces
    }

    var names: [String] { pieces.compactMap { if case .value(let name) = $0 { name } else { nil } } }

    /// The name where the template is `{name}` and nothing else.
    var soleName: String? {
        guard pieces.count == 1, case .value(let name)? = pieces.first else { return nil }
        return name
    }
}

/// A template with a name, and when it is left out.
struct TemplateField: Equatable, Sendable {
    let name: String
    let template: Template
    /// All must hold, or the field is left out.
    var conditions: [ParameterCondition] = []
    /// Written where a value is missing; nil: see ``isOptional``.
    var otherwise: String?
    /// Left out where a value is missing. Always so where a parameter is missing that need not be there.
    var isOptional = false
    let line: Int
}
