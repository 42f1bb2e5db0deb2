import CofferWire

/// What the fields of a noun are called for people, in which order, and of what kind (protocol.md, "Nouns"). The command line and the HTTP
/// API of our own both show records by it.
public struct RecordShape: Sendable {
    public enum Kind: Sendable, Equatable {
        case text
        case number
        case bool
        /// Unix milliseconds.
        case moment
        /// The same, where `never` only says that there is none.
        case time
        /// Unix seconds.
        case seconds
        /// One on a line.
        case lines
        /// A JSON object of texts.
        case map
        /// Records of a few words, one on a line: what the words are called. The last one takes the rest of its line; one that ends
        /// with `!` is a moment in Unix milliseconds.
        case words([String])
    }

    public struct Field: Sendable {
        public let name: String
        public let title: String
        public let kind: Kind

        public init(_ name: String, _ kind: Kind = .text, _ title: String? = nil) {
            self.name = name
            self.kind = kind
            self.title = title ?? name.replacing("_", with: " ")
        }
    }

    public let noun: String
    public let fields: [Field]
    /// The fields that lists show, and the heads of their columns.
    public let columns: [(name: String, head: String)]

    public func field(_ name: String) -> Field { fields.first { $0.name == name } ?? Field(name) }

    /// The fields of a record: those that are known in their order, then the others.
    public func names(_ record: Record) -> [String] {
        let known = fields.map(\.name)
        let present = record.fields.map(\.name)
        return known.filter { present.contains($0) } + present.filter { !known.contains($0) && $0 != "id" }
    }

    /// The words of a line with what they are called; those that are missing are left out.
    public static func words(_ line: Substring, _ names: [String]) -> [(name: String, value: String, isMoment: Bool)] {
        let parts = line.split(separator: " ", maxSplits: max(0, names.count - 1), omittingEmptySubsequences: false)
        return zip(names, parts).map { name, part in
            let isMoment = name.hasSuffix("!")
            return (isMoment ? String(name.dropLast()) : name, String(part), isMoment)
        }
    }
}
