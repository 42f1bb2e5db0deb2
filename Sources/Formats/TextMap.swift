/// A JSON object of texts, as maps stand in the fields of a record (protocol.md, "Nouns").
public enum TextMap {
    /// The members in their order; `nil` where it is no such object.
    public static func read(_ text: String) -> [(key: String, value: String)]? {
        guard let members = (try? JSONTree.read(Array(text.utf8)))?.members else { return nil }
        var pairs: [(key: String, value: String)] = []
        for member in members {
            guard case .text(let value) = member.value else { return nil }
            pairs.append((member.key, String(decoding: value, as: UTF8.self)))
        }
        return pairs
    }

    /// `nil` takes a member away.
    public static func write(_ pairs: [(key: String, value: String?)]) -> String {
        var text: [UInt8] = []
        JSONTree.object(pairs.map { pair in
            .init(key: pair.key, line: 0, value: pair.value.map { .text(Array($0.utf8)) } ?? .null)
        }).append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
