import Yams

/// The scalars of a YAML file with the way to each, lists too: for configuration files of other programs.
struct YAMLLeaf: Equatable {
    /// The keys, in lower case, with dots between.
    var path: String
    var line: Int
    /// As it is written; `nil` for a null. Of a list the texts of its items.
    var value: String?
    var isList = false

    /// - Throws: where it is no YAML, or uses anchors, aliases or merge keys, or is nested deeper than ``YAMLReader/maximumDepth``.
    static func read(_ bytes: [UInt8]) throws(FormatError) -> [YAMLLeaf] {
        try YAMLReader.withRoot(bytes) { (root) throws(FormatError) in
            var leaves: [YAMLLeaf] = []
            guard let root else { return [] }
            guard case .mapping(let mapping) = root else {
                if case .scalar(let scalar) = root, scalar.string.isEmpty, scalar.style == .plain { return [] }
                throw FormatError(line: root.mark?.line ?? 1, "a mapping (KEY: VALUE) must begin here")
            }
            try add(mapping, "", 1, &leaves)
            return leaves
        }
    }

    private static func add(_ mapping: Node.Mapping, _ path: String, _ depth: Int, _ leaves: inout [YAMLLeaf]) throws(FormatError) {
        guard depth <= YAMLReader.maximumDepth else {
            throw FormatError(line: mapping.mark?.line ?? 0, "nested deeper than \(YAMLReader.maximumDepth) levels")
        }
        try refuse(mapping.anchor, mapping.mark)
        for (key, value) in mapping {
            let line = key.mark?.line ?? 0
            guard case .scalar(let scalar) = key else { throw FormatError(line: line, "a key must be a text") }
            guard scalar.string != "<<" else { throw FormatError(line: line, "merge keys ('<<') are not read") }
            try refuse(scalar.anchor, scalar.mark)
            // The older system's reader does not tell them apart.
            let path = (path.isEmpty ? "" : path + ".") + scalar.string.lowercased()
            switch value {
            case .mapping(let inner): try add(inner, path, depth + 1, &leaves)
            case .scalar(let scalar):
                try refuse(scalar.anchor, scalar.mark)
                let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
                leaves.append(YAMLLeaf(path: path, line: line, value: isNull ? nil : scalar.string))
            case .sequence(let items):
                try refuse(items.anchor, items.mark)
                let texts = items.compactMap { item in if case .scalar(let scalar) = item { scalar.string } else { nil } }
                leaves.append(YAMLLeaf(path: path, line: line, value: texts.joined(separator: ", "), isList: true))
            case .alias: throw FormatError(line: line, "anchors ('&') and aliases are not read")
            }
        }
    }

    private static func refuse(_ anchor: Anchor?, _ mark: Mark?) throws(FormatError) {
        if anchor != nil { throw FormatError(line: mark?.line ?? 0, "anchors ('&') and aliases are not read") }
    }
}
