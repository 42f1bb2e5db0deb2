import CofferJSON

/// The field `whitelist`: a text or null that means a list or none (compat/tokenstool.md 2.4, quirk Q11).
enum Whitelist {
    /// Addresses of one list.
    static let maximum = 10_000

    /// The JSON text of an array, a list with commas, or nothing: empty, `null`.
    /// - Returns: `nil`: no limit.
    static func read(_ text: String) -> [String]? {
        let trimmed = trim(text)
        if trimmed.isEmpty || trimmed == "null" { return nil }
        if let items = (try? JSONValue.parse(Array(trimmed.utf8), allowsTrailing: false))?.array {
            return Array(items.compactMap(\.string).prefix(maximum))
        }
        // As the original reads it: brackets count for nothing.
        return trimmed.filter { $0 != "[" && $0 != "]" }.split(separator: ",").map { trim($0) }.filter { !$0.isEmpty }
    }

    /// The JSON text, which ``read(_:)`` takes back as it is.
    static func shown(_ list: [String]?) -> JSONValue {
        guard let list else { return .null }
        return .string(String(decoding: JSONValue.strings(list).encoded(), as: UTF8.self))
    }

    private static func trim(_ text: some StringProtocol) -> String {
        String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
