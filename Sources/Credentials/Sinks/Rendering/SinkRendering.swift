import CofferStore

/// Renders a template. What held a token is wiped.
struct SinkRendering: Sendable {
    /// Bytes of a file.
    static let maximumSize = 64 << 20

    let template: SinkTemplate
    let element: SinkElement

    /// - Parameter token: of a credential, by kind; `nil`: there is none.
    /// - Throws: `failed` where a value cannot be written in this encoding; it names the credential and the field, not the value.
    func render(
        _ credentials: [Credential], token: (UInt64, String) throws(CredentialError) -> SecretBuffer?
    ) throws(CredentialError) -> SecretBuffer {
        var parts: [SecretBuffer] = []
        var size = template.header.utf8.count + template.footer.utf8.count
        let kinds = element.kinds.sorted()
        for credential in credentials {
            var tokens: [String: SecretBuffer] = [:]
            for kind in kinds where credential.fact(kind) != nil { tokens[kind] = try token(credential.number, kind) }
            guard tokens.count == kinds.count else { continue }
            let part = try rendered(credential, tokens)
            size += part.count + template.separator.utf8.count
            guard size <= Self.maximumSize else {
                throw CredentialError(.failed, "template", "the file would have more than \(Self.maximumSize >> 20) MiB")
            }
            parts.append(part)
        }
        return joined(parts)
    }

    private func joined(_ parts: [SecretBuffer]) -> SecretBuffer {
        let (header, separator, footer) = (Array(template.header.utf8), Array(template.separator.utf8), Array(template.footer.utf8))
        let count = header.count + footer.count + parts.reduce(0) { $0 + $1.count } + max(parts.count - 1, 0) * separator.count
        return SecretBuffer(count: count) { output in
            var offset = 0
            func append(_ bytes: UnsafeRawBufferPointer) {
                UnsafeMutableRawBufferPointer(rebasing: output[offset..<(offset + bytes.count)]).copyMemory(from: bytes)
                offset += bytes.count
            }
            header.withUnsafeBytes { append($0) }
            for (index, part) in parts.enumerated() {
                if index > 0 { separator.withUnsafeBytes { append($0) } }
                append(part.bytes)
            }
            footer.withUnsafeBytes { append($0) }
            withExtendedLifetime(parts) {}
        }
    }

    private func rendered(_ credential: Credential, _ tokens: [String: SecretBuffer]) throws(CredentialError) -> SecretBuffer {
        var bytes: [UInt8] = []
        // Six bytes are the most that one byte becomes: the array is never moved, which would leave a copy.
        bytes.reserveCapacity(
            tokens.values.reduce(0) { $0 + $1.count * 6 * element.pieces.count } + SinkElement.maximumPart + 65_536)
        defer { Wiping.wipe(&bytes) }
        for piece in element.pieces {
            switch piece {
            case .text(let text): bytes += text
            case .field(let field, let name):
                do throws(SinkValue.Refusal) {
                    try SinkValue(template.encoding).append(field, of: credential, tokens, to: &bytes)
                } catch {
                    let what = "'\(name)' of credential '\(credential.name.description)'"
                    throw CredentialError(
                        .failed, "template", "\(what) \(error.rawValue) and cannot be written as \(template.encoding.rawValue)")
                }
            }
        }
        return SecretBuffer(bytes)
    }
}

/// One field's value in the template's encoding.
struct SinkValue {
    enum Refusal: String, Error {
        case control = "has a control character"
        case notText = "is no UTF-8 text"
    }

    private let encoding: SinkTemplate.Encoding

    init(_ encoding: SinkTemplate.Encoding) { self.encoding = encoding }

    func append(
        _ field: SinkElement.Field, of credential: Credential, _ tokens: [String: SecretBuffer], to bytes: inout [UInt8]
    ) throws(Refusal) {
        switch field {
        case .name: try append(credential.name.bytes, to: &bytes)
        case .number: bytes += Array("\(credential.number)".utf8)
        case .provider: try append(Array(credential.provider.utf8), to: &bytes)
        case .email: try append(Array(credential.email.utf8), to: &bytes)
        case .clientID: try append(Array(credential.clientID.utf8), to: &bytes)
        case .memo: try append(Array(credential.memo.utf8), to: &bytes)
        case .variable: bytes += Self.variable(credential.name.bytes)
        case .token(let kind):
            guard let token = tokens[kind] else { return try append(nil, to: &bytes) }
            defer { withExtendedLifetime(token) {} }
            try append(token.bytes, to: &bytes)
        case .expires(let kind):
            guard let expires = credential.fact(kind)?.expires, expires != 0 else {
                if encoding == .json { bytes += Array("null".utf8) }
                return
            }
            bytes += Array("\(expires / 1_000)".utf8)
        case .attribute(let name): try append(credential.attributes[name].map { Array($0.utf8) }, to: &bytes)
        case .parameter(let name): try append(credential.parameters[name].map { Array($0.utf8) }, to: &bytes)
        }
    }

    private func append(_ value: [UInt8]?, to bytes: inout [UInt8]) throws(Refusal) {
        guard let value else {
            switch encoding {
            case .json: bytes += Array("null".utf8)
            case .env: bytes += Array("\"\"".utf8)
            case .plain: break
            }
            return
        }
        var refusal: Refusal?
        value.withUnsafeBytes { raw in
            do throws(Refusal) { try append(raw, to: &bytes) } catch { refusal = error }
        }
        if let refusal { throw refusal }
    }

    private func append(_ value: UnsafeRawBufferPointer, to bytes: inout [UInt8]) throws(Refusal) {
        switch encoding {
        case .plain:
            guard !value.contains(where: Self.isControl) else { throw .control }
            bytes.append(contentsOf: value)
        case .env:
            guard !value.contains(where: Self.isControl) else { throw .control }
            bytes.append(UInt8(ascii: "\""))
            for byte in value {
                // What shells, systemd and dotenv readers expand within double quotes.
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"), UInt8(ascii: "`"): bytes.append(UInt8(ascii: "\\"))
                default: break
                }
                bytes.append(byte)
            }
            bytes.append(UInt8(ascii: "\""))
        case .json:
            guard Self.isText(value) else { throw .notText }
            bytes.append(UInt8(ascii: "\""))
            for byte in value {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
                case 0..<0x20:
                    let digits = Array("0123456789abcdef".utf8)
                    bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                default: bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    /// Without a `String`: that would be a copy that nobody wipes.
    private static func isText(_ value: UnsafeRawBufferPointer) -> Bool {
        var decoder = UTF8()
        var iterator = value.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue: continue
            case .emptyInput: return true
            case .error: return false
            }
        }
    }

    /// `MY_NAME`: capitals, digits and `_`, not beginning with a digit.
    static func variable(_ name: [UInt8]) -> [UInt8] {
        var variable = name.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        if let first = variable.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) { variable.insert(UInt8(ascii: "_"), at: 0) }
        return variable
    }
}
