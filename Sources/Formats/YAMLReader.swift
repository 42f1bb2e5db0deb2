import Foundation
import Yams

/// Reads a mapping of scalars; nested mappings become path segments. Every scalar is taken as it is written, whatever
/// YAML would make of `on` or `0x10`.
enum YAMLReader {
    static let maximumDepth = 64
    private static let binary = "tag:yaml.org,2002:binary"
    /// Explicit tags of scalars that change nothing.
    private static let plainTags: Set<String> = [
        "", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
        "tag:yaml.org,2002:timestamp",
    ]

    static func parse(_ bytes: [UInt8]) throws(FormatError) -> [ImportedEntry] {
        try withRoot(bytes) { (root) throws(FormatError) in
            guard let root else { return [] }
            var reader = Reader()
            guard case .mapping(let mapping) = root else {
                if case .scalar(let scalar) = root, scalar.string.isEmpty, scalar.style == .plain { return [] }
                throw FormatError(line: root.mark?.line ?? 1, "a mapping (KEY: VALUE) must begin here")
            }
            try reader.read(mapping, path: [], depth: 1)
            return reader.entries
        }
    }

    /// Calls `body` with the only document; `nil` where there is none.
    static func withRoot<Result>(
        _ bytes: [UInt8], _ body: (Node?) throws(FormatError) -> Result
    ) throws(FormatError) -> Result {
        let cursor = try ByteCursor(bytes)
        let text = String(decoding: bytes[cursor.position...], as: UTF8.self)
        // An anchor lives as long as the parser: keep it to the end.
        let parser: Parser
        let root: Node?
        do {
            parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            root = try parser.singleRoot()
        } catch {
            throw describe(error)
        }
        defer { withExtendedLifetime(parser) {} }
        return try body(root)
    }

    /// The parser's words with their line, without its copy of the file.
    private static func describe(_ error: any Error) -> FormatError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _)?, .parser(_, let problem, let mark, _)?, .composer(_, let problem, let mark, _)?:
            if problem.contains("alias") { return FormatError(line: mark.line, "aliases are not read; quote a text that begins with '*'") }
            return FormatError(line: mark.line, "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context)?:
            let list = keys.map { "'\(FormatError.short($0))'" }.joined(separator: ", ")
            return FormatError(line: context.mark.line, "there twice in one mapping that has this line: \(list)")
        case .reader(let problem, _, _, _)?: return FormatError("not valid YAML: \(problem)")
        default: return FormatError("not valid YAML")
        }
    }

    private struct Reader {
        var entries: [ImportedEntry] = []
        var seen = SeenNames()

        mutating func read(_ mapping: Node.Mapping, path: [String], depth: Int) throws(FormatError) {
            try refuse(mapping.anchor, mapping.mark)
            guard depth <= YAMLReader.maximumDepth else {
                throw FormatError(line: mapping.mark?.line ?? 0, "nested deeper than \(YAMLReader.maximumDepth) levels")
            }
            for (key, value) in mapping {
                let line = key.mark?.line ?? 0
                guard case .scalar(let scalar) = key else { throw FormatError(line: line, "a key must be a text") }
                try refuse(scalar.anchor, scalar.mark)
                guard !(scalar.style == .plain && scalar.string == "<<") else {
                    throw FormatError(line: line, "merge keys ('<<') are not read")
                }
                let path = path + [scalar.string]
                if case .mapping(let inner) = value {
                    try read(inner, path: path, depth: depth + 1)
                    continue
                }
                let name = path.joined(separator: "/")
                let bytes = try bytes(value, name, line)
                try seen.insert(name, line: line)
                entries.append(ImportedEntry(name: name, value: bytes, line: line))
            }
        }

        private func bytes(_ node: Node, _ name: String, _ line: Int) throws(FormatError) -> [UInt8] {
            let key = FormatError.short(name)
            guard case .scalar(let scalar) = node else {
                throw FormatError(line: line, "'\(key)' is a list; only texts and mappings are read")
            }
            try refuse(scalar.anchor, scalar.mark)
            let tag = scalar.tag.rawValue
            if tag == YAMLReader.binary {
                guard let data = Data(base64Encoded: scalar.string.filter { !$0.isWhitespace }) else {
                    throw FormatError(line: line, "the !!binary value of '\(key)' is not base64")
                }
                return Array(data)
            }
            guard YAMLReader.plainTags.contains(tag) else { throw FormatError(line: line, "'\(key)' has a tag that is not read") }
            if scalar.style == .plain, tag.isEmpty, ["", "~", "null", "Null", "NULL"].contains(scalar.string) {
                throw FormatError(line: line, "'\(key)' is null; for an empty value write \"\"")
            }
            return Array(scalar.string.utf8)
        }

        private func refuse(_ anchor: Anchor?, _ mark: Mark?) throws(FormatError) {
            if anchor != nil { throw FormatError(line: mark?.line ?? 0, "anchors ('&') and aliases are not read") }
        }
    }
}
