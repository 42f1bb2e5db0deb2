import CofferJSON

/// A place in a JSON value (RFC 6901).
public struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    private let tokens: [String]
    public let description: String

    /// The longest, in bytes.
    static let maximumLength = 1_024

    /// - Throws: what is wrong with it; ``ProviderError/line`` is 0.
    public init(_ text: String) throws(ProviderError) {
        guard text.utf8.count <= Self.maximumLength else {
            throw ProviderError("", "a JSON Pointer has at most \(Self.maximumLength) bytes")
        }
        guard text.isEmpty || text.utf8.first == UInt8(ascii: "/") else {
            throw ProviderError("", "'\(ProviderText.short(text))' is not a JSON Pointer: it begins with '/'")
        }
        var tokens: [String] = []
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
            tokens.append(try Self.unescaped(part, in: text))
        }
        self.tokens = tokens
        description = text
    }

    private static func unescaped(_ part: Substring.UTF8View, in text: String) throws(ProviderError) -> String {
        var bytes: [UInt8] = []
        var isEscape = false
        for byte in part {
            if isEscape {
                guard byte == UInt8(ascii: "0") || byte == UInt8(ascii: "1") else { break }
                bytes.append(UInt8(ascii: byte == UInt8(ascii: "0") ? "~" : "/"))
                isEscape = false
            } else if byte == UInt8(ascii: "~") {
                isEscape = true
            } else {
                bytes.append(byte)
            }
        }
        if isEscape {
            throw ProviderError("", "'\(ProviderText.short(text))' is not a JSON Pointer: '~' is written '~0', '/' in a name '~1'")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What is there; nil: nothing. Array indexes are decimal without leading zeros; `-` finds nothing.
    public func find(in value: JSONValue) -> JSONValue? {
        var place = value
        for token in tokens {
            switch place {
            case .object:
                guard let next = place[token] else { return nil }
                place = next
            case .array(let items):
                let isNumber = token.utf8.allSatisfy { (0x30...0x39).contains($0) }
                let isIndex = token == "0" || (isNumber && token.utf8.first != UInt8(ascii: "0"))
                guard isIndex, let index = Int(token), items.indices.contains(index) else { return nil }
                place = items[index]
            default: return nil
            }
        }
        return place
    }
}
