import Yams

/// A YAML document without what a provider's file may not have (anchors, aliases, tags, merge keys, deep nesting), each
/// part with its line.
struct YAMLTree: Sendable {
    indirect enum Content: Sendable {
        /// `isPlain`: without quotes, so that `true` may be meant as such.
        case text(String, isPlain: Bool)
        case list([YAMLTree])
        case map([Member])
    }

    struct Member: Sendable {
        let key: String
        let line: Int
        let value: YAMLTree
    }

    static let maximumDepth = 24

    let line: Int
    let content: Content

    /// The only document of `source`; its texts are as they are written, whatever YAML takes `on` or `0x10` for.
    static func read(_ source: String) -> Result<YAMLTree, ProviderErrors> {
        let expensive = ProviderText.expensive(source)
        if !expensive.isEmpty { return .failure(ProviderErrors(expensive)) }
        let result = RoomyThread.run { () -> Result<YAMLTree, ProviderErrors> in
            do {
                guard let root = try Parser(yaml: source, resolver: .basic, encoding: .utf8).singleRoot() else {
                    return .failure(ProviderErrors([ProviderError(line: 1, "", "the file is empty")]))
                }
                var errors: [ProviderError] = []
                let tree = YAMLTree(root, depth: 0, &errors)
                return errors.isEmpty ? .success(tree) : .failure(ProviderErrors(errors))
            } catch {
                return .failure(ProviderErrors([describe(error)]))
            }
        }
        return result ?? .failure(ProviderErrors([ProviderError(line: 1, "", "there is no memory to read the file")]))
    }

    private init(_ node: Node, depth: Int, _ errors: inout [ProviderError]) {
        let line = node.mark?.line ?? 1
        self.line = line
        func refuse(_ message: String) { errors.append(ProviderError(line: line, "", message)) }
        // Written ones are refused before the parser; this is what it makes of none.
        func isTagged(_ tag: Tag) -> Bool {
            !["", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"].contains(tag.rawValue)
        }
        guard depth <= Self.maximumDepth else {
            refuse("nested deeper than \(Self.maximumDepth) levels")
            content = .list([])
            return
        }
        if node.anchor != nil { refuse("anchors are not allowed") }
        switch node {
        case .scalar(let scalar):
            if isTagged(scalar.tag) { refuse("tags are not allowed") }
            content = .text(scalar.string, isPlain: scalar.style == .plain)
        case .sequence(let sequence):
            if isTagged(sequence.tag) { refuse("tags are not allowed") }
            content = .list(sequence.map { YAMLTree($0, depth: depth + 1, &errors) })
        case .mapping(let mapping):
            if isTagged(mapping.tag) { refuse("tags are not allowed") }
            var members: [Member] = []
            for (key, value) in mapping {
                let line = key.mark?.line ?? line
                guard case .scalar(let scalar) = key, key.anchor == nil else {
                    errors.append(ProviderError(line: line, "", "a key must be a text; write a template in quotes: \"{name}\""))
                    continue
                }
                if scalar.style == .plain, scalar.string == "<<" {
                    errors.append(ProviderError(line: line, "", "merge keys ('<<') are not allowed"))
                    continue
                }
                members.append(Member(key: scalar.string, line: line, value: YAMLTree(value, depth: depth + 1, &errors)))
            }
            content = .map(members)
        case .alias:
            refuse("aliases are not allowed")
            content = .list([])
        }
    }

    /// The parser's words with their line; without its copy of the source.
    private static func describe(_ error: any Error) -> ProviderError {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _)?, .parser(let context, let problem, let mark, _)?,
            .composer(let context, let problem, let mark, _)?:
            if (context?.text ?? "").contains("alias") || problem.contains("alias") {
                return ProviderError(line: mark.line, "", "'*' at the beginning is an alias, which is not allowed; write it in quotes")
            }
            return ProviderError(line: mark.line, "", "not valid YAML: \(ProviderText.short(problem))")
        case .duplicatedKeysInMapping(let keys, let context)?:
            let list = keys.map { "'\(ProviderText.short($0))'" }.joined(separator: ", ")
            return ProviderError(line: context.mark.line, "", "twice in one mapping: \(list)")
        default: return ProviderError(line: 1, "", "not valid YAML")
        }
    }
}
