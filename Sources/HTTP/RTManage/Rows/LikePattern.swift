/// SQL's `LIKE '%text%'` as SQLite has it: `%` stands for any characters, `_` for one, ASCII letters of either case are the same.
struct LikePattern: Sendable {
    private enum Part: Equatable { case any, one, scalar(UnicodeScalar) }

    private let parts: [Part]

    /// - Parameter text: "" finds everything.
    init(containing text: String) {
        var parts: [Part] = [.any]
        for scalar in text.unicodeScalars {
            let part: Part =
                switch scalar {
                case "%": .any
                case "_": .one
                default: .scalar(Self.folded(scalar))
                }
            // Several in a row say nothing more.
            if part != .any || parts.last != .any { parts.append(part) }
        }
        if parts.last != .any { parts.append(.any) }
        self.parts = parts
    }

    /// Goes back to the last `%` only: never more steps than the product of both lengths.
    func matches(_ text: String) -> Bool {
        let text = text.unicodeScalars.map(Self.folded)
        var (part, position) = (0, 0)
        var retry: (part: Int, position: Int)?
        while position < text.count {
            if part < parts.count, parts[part] == .any {
                retry = (part, position)
                part += 1
            } else if part < parts.count, parts[part] == .one || parts[part] == .scalar(text[position]) {
                part += 1
                position += 1
            } else if let last = retry {
                retry = (last.part, last.position + 1)
                (part, position) = (last.part + 1, last.position + 1)
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .any }
    }

    private static func folded(_ scalar: UnicodeScalar) -> UnicodeScalar {
        ("A"..."Z").contains(scalar) ? UnicodeScalar(UInt8(scalar.value) | 0x20) : scalar
    }
}
