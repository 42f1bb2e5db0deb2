import ArgumentParser
import CofferFormats

/// Options of the form NAME=VALUE.
enum NamedValue {
    /// Names that can only be meant for secrets: their values belong on no command line.
    private static let secrets: Set<String> = [
        "password", "client_secret", "refresh", "session", "access", "share", "proxy", "username", "secret", "token", "api_key",
    ]

    /// - Throws: where there is no `=` or no name in front of it, or a name stands twice; never with the value.
    static func pairs(_ texts: [String], _ option: String) throws -> [(name: String, value: String)] {
        var seen: Set<String> = []
        return try texts.map { text in
            guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
                throw ValidationError("\(option) takes NAME=VALUE")
            }
            let name = String(text[..<sign])
            guard seen.insert(name).inserted else { throw ValidationError("\(option): \(Printable.text(name)) stands twice") }
            return (name, String(text[text.index(after: sign)...]))
        }
    }

    /// A JSON object of texts; `nil` for none.
    static func map(_ texts: [String], _ option: String, removing: Bool = false) throws -> String? {
        let pairs = try pairs(texts, option)
        if let bad = pairs.first(where: { secrets.contains($0.name) }) {
            throw ValidationError("\(option) \(bad.name): \(NoSecretsHere.reason); here it is --secret \(bad.name)")
        }
        guard !pairs.isEmpty else { return nil }
        return text(pairs.map { ($0.name, removing && $0.value.isEmpty ? nil : $0.value) })
    }

    static func read(_ map: String) -> [(String, String)] { TextMap.read(map)?.map { ($0.key, $0.value) } ?? [] }

    static func text(_ pairs: [(key: String, value: String?)]) -> String { TextMap.write(pairs) }
}
