import CofferStore

/// A template's element, read.
struct SinkElement: Sendable {
    enum Field: Equatable, Sendable {
        case name, number, provider, email, clientID, memo, variable
        case token(String)
        case expires(String)
        case attribute(String)
        case parameter(String)

        init?(_ text: String) {
            switch text {
            case "name": self = .name
            case "number": self = .number
            case "provider": self = .provider
            case "email": self = .email
            case "client_id": self = .clientID
            case "memo": self = .memo
            case "variable": self = .variable
            default:
                guard let colon = text.firstIndex(of: ":") else { return nil }
                let argument = String(text[text.index(after: colon)...])
                guard (try? CredentialChecks.check(key: argument)) != nil else { return nil }
                switch text[..<colon] {
                case "token": self = .token(argument)
                case "expires": self = .expires(argument)
                case "attribute": self = .attribute(argument)
                case "parameter": self = .parameter(argument)
                default: return nil
                }
            }
        }
    }

    enum Piece: Equatable, Sendable {
        case text([UInt8])
        case field(Field, name: String)
    }

    /// Of header, element, separator and footer each.
    static let maximumPart = 16_384

    let pieces: [Piece]

    /// - Throws: `invalidArgument` with `template`.
    init(_ template: SinkTemplate) throws(CredentialError) {
        for (part, what) in [
            (template.header, "header"), (template.element, "element"), (template.separator, "separator"), (template.footer, "footer"),
        ] {
            guard part.utf8.count <= Self.maximumPart, !part.utf8.contains(0) else {
                throw Self.refusal("the \(what) has more than \(Self.maximumPart) bytes, or a zero byte")
            }
        }
        guard !template.element.isEmpty else { throw Self.refusal("the element is empty: nothing would be shown") }
        pieces = try Self.read(Array(template.element.utf8))
    }

    /// Token kinds that it names.
    var kinds: Set<String> {
        Set(pieces.compactMap { if case .field(.token(let kind), _) = $0 { kind } else { nil } })
    }

    private static func read(_ bytes: [UInt8]) throws(CredentialError) -> [Piece] {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "{") else {
                literal.append(byte)
                continue
            }
            if index < bytes.count, bytes[index] == UInt8(ascii: "{") {
                literal.append(byte)
                index += 1
                continue
            }
            guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                throw refusal("a '{' has no '}'; a brace itself is written '{{'")
            }
            let name = String(decoding: bytes[index..<end], as: UTF8.self)
            guard let field = Field(name) else {
                throw refusal("'{\(Name.printable(name.utf8.prefix(60)))}' is no field; a brace itself is written '{{'")
            }
            if !literal.isEmpty { pieces.append(.text(literal)) }
            literal = []
            pieces.append(.field(field, name: name))
            index = end + 1
        }
        if !literal.isEmpty { pieces.append(.text(literal)) }
        return pieces
    }

    private static func refusal(_ message: String) -> CredentialError { CredentialError(.invalidArgument, "template", message) }
}
