/// How the bytes of a stored thing are laid out, and how its fields are called in a backup. Data only: ``LayoutWriter`` makes JSON of the
/// bytes, ``LayoutReader`` the same bytes of the JSON.
struct Layout: Sendable {
    /// What the bytes begin with: the format, for policies with their magic.
    let prefix: [UInt8]
    /// Policies alone.
    let isLittleEndian: Bool
    let fields: [LayoutField]

    init(prefix: [UInt8] = [1], isLittleEndian: Bool = false, _ fields: [LayoutField]) {
        self.prefix = prefix
        self.isLittleEndian = isLittleEndian
        self.fields = fields
    }
}

/// A field and what stands in front of its value in a line.
struct LayoutField: Sendable {
    let name: String
    let type: LayoutType
    /// `"name":`
    let label: [UInt8]
    /// `"name64":`, where the bytes are not text.
    let label64: [UInt8]

    init(_ name: String, _ type: LayoutType) {
        self.name = name
        self.type = type
        label = Array("\"\(name)\":".utf8)
        label64 = Array("\"\(name)64\":".utf8)
    }
}

/// What a field holds. Integers are unsigned unless they say otherwise.
indirect enum LayoutType: Sendable {
    case bool, u8, u16, u32, u64
    /// Eight bytes in two's complement.
    case i64
    /// Four bytes: id of a hash key, in the file the key's number.
    case hashKey
    /// A byte that stands for a word.
    case word([LayoutWord])
    /// UTF-8.
    case text(LayoutLength)
    /// Written as text where it is text, otherwise as base64 under `name64`. Only as a field of its own, not in a list.
    case bytes(LayoutLength)
    /// Never text: hashes and fingerprints. The field's name says base64.
    case binary(LayoutLength)
    case list(LayoutLength, LayoutType)
    /// Pairs of text: an object. Keys are there once.
    case map(LayoutLength)
    /// A flag, then the value where it is set; otherwise null.
    case optional(LayoutType)
    case record([LayoutField])
    /// A byte that says what follows: an object with that one field.
    case cases([LayoutCase])
    /// Bytes that have a layout of their own, behind a length; those that do not fit it as base64 under `name64`.
    case embedded(LayoutLength, Layout)
}

/// Where a length or a count comes from.
enum LayoutLength: Sendable {
    /// Two or four bytes in front.
    case u16, u32
    case fixed(Int)
    /// Everything that is left.
    case rest
}

struct LayoutWord: Sendable {
    let code: UInt8
    let word: String

    init(_ code: UInt8, _ word: String) {
        self.code = code
        self.word = word
    }
}

struct LayoutCase: Sendable {
    let code: UInt8
    /// What follows; `nil`: nothing, and the value is true.
    let field: LayoutField
    let isEmpty: Bool

    init(_ code: UInt8, _ name: String, _ type: LayoutType? = nil) {
        self.code = code
        field = LayoutField(name, type ?? .bool)
        isEmpty = type == nil
    }
}
