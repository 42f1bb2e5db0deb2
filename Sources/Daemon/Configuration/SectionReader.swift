import Yams

/// Reads one mapping of the configuration file key by key, and keeps every error with its line; keys that nobody read are unknown.
struct SectionReader {
    let path: String
    /// `http.newapi`, for messages.
    let name: String
    private var entries: [(key: String, line: Int, node: Node)] = []
    private var known: [String] = []
    private(set) var messages: [String] = []

    init(_ node: Node, name: String, path: String) {
        self.path = path
        self.name = name
        guard let mapping = node.mapping else {
            // `health:` with nothing behind it is an empty scalar.
            messages.append("\(path):\(node.mark?.line ?? 1): '\(name)' must be a mapping of settings to values")
            return
        }
        for (keyNode, valueNode) in mapping {
            let line = keyNode.mark?.line ?? 1
            guard let key = keyNode.scalar?.string else {
                messages.append("\(path):\(line): '\(name)' has a key that is no plain text")
                continue
            }
            entries.append((key, line, valueNode))
        }
    }

    /// The node under `key`, which is known from now on.
    mutating func node(_ key: String) -> (node: Node, line: Int)? {
        known.append(key)
        return entries.first { $0.key == key }.map { ($0.node, $0.line) }
    }

    mutating func fail(_ line: Int, _ key: String, _ objection: String) {
        messages.append("\(path):\(line): '\(name).\(key)' \(objection)")
    }

    mutating func take(_ other: [String]) { messages += other }

    /// Complains about keys that were never asked for.
    mutating func finish() {
        for entry in entries where !known.contains(entry.key) {
            messages.append(
                "\(path):\(entry.line): unknown setting '\(name).\(String(entry.key.prefix(60)))'; known are \(known.sorted().joined(separator: ", "))")
        }
    }

    // MARK: Values

    mutating func text(_ key: String, atMost limit: Int = 4_096) -> String? {
        guard let (node, line) = node(key) else { return nil }
        guard let text = node.scalar?.string, text.utf8.count <= limit, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            fail(line, key, "must be a text of at most \(limit) bytes")
            return nil
        }
        return text
    }

    mutating func absolutePath(_ key: String) -> String? {
        guard let text = text(key) else { return nil }
        guard text.hasPrefix("/") else {
            fail(line(key), key, "must be a path that begins with '/'")
            return nil
        }
        return text
    }

    mutating func bool(_ key: String) -> Bool? {
        guard let (node, line) = node(key) else { return nil }
        switch node.scalar?.string {
        case "true": return true
        case "false": return false
        default:
            fail(line, key, "must be true or false")
            return nil
        }
    }

    mutating func number(_ key: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let (node, line) = node(key) else { return nil }
        guard let number = node.scalar.flatMap({ Int64($0.string) }), range.contains(number) else {
            fail(line, key, "must be a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func decimal(_ key: String, _ range: ClosedRange<Double>) -> Double? {
        guard let (node, line) = node(key) else { return nil }
        guard let number = node.scalar.flatMap({ Double($0.string) }), range.contains(number) else {
            fail(line, key, "must be a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) -> T? where T.RawValue == String {
        guard let (node, line) = node(key) else { return nil }
        guard let choice = node.scalar.flatMap({ T(rawValue: $0.string) }) else {
            fail(line, key, "must be one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        return choice
    }

    /// A list of texts.
    mutating func texts(_ key: String) -> [String]? {
        guard let (node, line) = node(key) else { return nil }
        guard let sequence = node.sequence, sequence.count <= 10_000 else {
            fail(line, key, "must be a list, such as [a, b]")
            return nil
        }
        let texts = sequence.compactMap { $0.scalar?.string }
        guard texts.count == sequence.count, texts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 255 }) else {
            fail(line, key, "must be a list of texts of 1 to 255 bytes")
            return nil
        }
        return texts
    }

    func line(_ key: String) -> Int { entries.first { $0.key == key }?.line ?? 1 }
}
