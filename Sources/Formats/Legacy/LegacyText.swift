/// Lists and blanks, as older systems write them into a text.
enum LegacyText {
    /// A fixed-length column fills up with blanks.
    static func withoutBlanksAtEnd(_ bytes: [UInt8]) -> [UInt8] {
        guard let last = bytes.lastIndex(where: { $0 > 0x20 }) else { return [] }
        return Array(bytes[...last])
    }

    /// A list within a text, one item on a line. Empty items go; blanks stay, as the older system compares them.
    static func lines(_ column: String, _ text: String, separator: Character) throws(RowProblem) -> String {
        try lines(column, text.split(separator: separator).map { String($0) })
    }

    /// A list that is JSON, in a text or in the row itself; `nil` where there is none.
    static func list(_ column: String, _ record: LegacyRecord) throws(RowProblem) -> String? {
        guard record.has(column) else { return nil }
        var value = record[column]
        if case .text(let bytes) = value {
            do throws(FormatError) {
                value = try LegacyJSONReader.value(bytes)
            } catch {
                throw .refused("\(column) is not a JSON list")
            }
        }
        if value == .null { return nil }
        guard case .list(let items) = value else { throw .refused("\(column) is not a JSON list") }
        var texts: [String] = []
        for item in items {
            guard case .text(let bytes) = item, let text = String(validating: bytes, as: UTF8.self) else {
                throw .refused("\(column) has an item that is not a text")
            }
            texts.append(text)
        }
        return try lines(column, texts)
    }

    private static func lines(_ column: String, _ items: [String]) throws(RowProblem) -> String {
        guard items.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 } }) else {
            throw .refused("\(column) has an item with a control character")
        }
        return items.joined(separator: "\n")
    }
}
