// Shapes of nodes: a value that is wrong is nil further on, so that one mistake is reported once.
extension ProviderReader {
    mutating func fail(_ node: YAMLTree, _ field: String, _ message: String) {
        errors.append(ProviderError(line: node.line, field, message))
    }

    mutating func fail(line: Int, _ field: String, _ message: String) {
        errors.append(ProviderError(line: line, field, message))
    }

    static func join(_ field: String, _ key: String) -> String { field.isEmpty ? key : "\(field).\(key)" }

    /// The members by key; unknown ones are reported.
    mutating func mapping(_ node: YAMLTree, _ field: String, keys: [String], required: Set<String> = []) -> [String: YAMLTree]? {
        guard let members = members(node, field) else { return nil }
        var result: [String: YAMLTree] = [:]
        for member in members {
            guard keys.contains(member.key) else {
                let place = Self.join(field, ProviderText.short(member.key))
                fail(line: member.line, place, "unknown key; it may be \(keys.joined(separator: ", "))")
                continue
            }
            result[member.key] = member.value
        }
        for key in keys where required.contains(key) && result[key] == nil { fail(node, Self.join(field, key), "is missing") }
        return result
    }

    /// At most `maximumMembers`, with any keys.
    mutating func members(_ node: YAMLTree, _ field: String) -> [YAMLTree.Member]? {
        guard case .map(let members) = node.content else {
            fail(node, field, "must be a mapping")
            return nil
        }
        guard members.count <= Self.maximumMembers else {
            fail(node, field, "has \(members.count) members; at most \(Self.maximumMembers) are allowed")
            return nil
        }
        return members
    }

    mutating func list(_ node: YAMLTree, _ field: String) -> [YAMLTree]? {
        guard case .list(let items) = node.content else {
            fail(node, field, "must be a list")
            return nil
        }
        guard items.count <= Self.maximumMembers else {
            fail(node, field, "has \(items.count) members; at most \(Self.maximumMembers) are allowed")
            return nil
        }
        return items
    }

    /// A text; null counts as none and is refused, "" is not.
    mutating func text(_ node: YAMLTree, _ field: String) -> String? {
        guard case .text(let text, let isPlain) = node.content else {
            var isTemplate = false
            if case .map(let members) = node.content { isTemplate = members.count == 1 && Template.isName(members[0].key) }
            fail(node, field, isTemplate ? "must be a text; write a template in quotes: \"{name}\"" : "must be a text")
            return nil
        }
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(text) {
            fail(node, field, "has no value")
            return nil
        }
        return text
    }

    mutating func number(_ node: YAMLTree, _ field: String, _ range: ClosedRange<UInt32>) -> UInt32? {
        guard let text = text(node, field) else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt32(text), range.contains(number) else {
            fail(node, field, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func bool(_ node: YAMLTree, _ field: String) -> Bool? {
        guard let text = text(node, field) else { return nil }
        guard text == "true" || text == "false" else {
            fail(node, field, "must be true or false")
            return nil
        }
        return text == "true"
    }

    /// A text or a list of texts.
    mutating func texts(_ node: YAMLTree, _ field: String) -> [String]? {
        guard case .list = node.content else { return text(node, field).map { [$0] } }
        guard let items = list(node, field) else { return nil }
        if items.isEmpty {
            fail(node, field, "must not be empty")
            return nil
        }
        let texts = items.compactMap { text($0, field) }
        return texts.count == items.count ? texts : nil
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ node: YAMLTree, _ field: String, _ type: Word.Type
    ) -> Word? where Word.RawValue == String {
        guard let text = text(node, field) else { return nil }
        if let word = Word(rawValue: text) { return word }
        let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
        fail(node, field, "'\(ProviderText.short(text))' is not known; it may be \(known)")
        return nil
    }

    /// `[a-z0-9-]`, 1 to 64.
    mutating func documentName(_ node: YAMLTree, _ field: String) -> String? {
        guard let text = text(node, field) else { return nil }
        let isName = (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
        }
        if isName { return text }
        fail(node, field, "must be 1 to 64 of a-z, 0-9 and '-'")
        return nil
    }

    mutating func pointer(_ node: YAMLTree, _ field: String) -> JSONPointer? {
        guard let text = text(node, field) else { return nil }
        return pointer(text, line: node.line, field)
    }

    mutating func pointer(_ text: String, line: Int, _ field: String) -> JSONPointer? {
        do throws(ProviderError) {
            return try JSONPointer(text)
        } catch {
            fail(line: line, field, error.message)
            return nil
        }
    }
}
