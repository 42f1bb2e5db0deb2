/// One recipient's part of a header: what kind it is, and the file key wrapped for it.
enum Stanza: Equatable {
    case x25519(share: [UInt8], body: [UInt8])
    case scrypt(salt: [UInt8], workFactor: Int, body: [UInt8])
    /// Of a kind that is not known here. It is left to whoever knows it.
    case other(kind: String)

    static let shareSize = 32
    static let saltSize = 16
    /// The wrapped file key and its tag. Another size is refused before it is opened: it would serve to guess keys many at a time.
    static let bodySize = AgeFileKey.size + 16
    /// Stands for all work factors with more digits than this has, none of which can be worked off.
    private static let endlessWorkFactor = 1_000

    /// - Throws: `bad-header` where a stanza of a known kind does not have what its kind has.
    init(arguments: [[UInt8]], body: [UInt8]) throws(AgeError) {
        let kind = String(decoding: arguments.first ?? [], as: UTF8.self)
        switch kind {
        case "X25519":
            guard arguments.count == 2 else { throw Self.malformed(kind, "it has \(arguments.count - 1) arguments, not 1") }
            guard let share = Base64.bytes(arguments[1]), share.count == Self.shareSize else {
                throw Self.malformed(kind, "its share is not the base 64 of \(Self.shareSize) bytes")
            }
            guard body.count == Self.bodySize else { throw Self.wrongBody(kind, body.count) }
            self = .x25519(share: share, body: body)
        case "scrypt":
            guard arguments.count == 3 else { throw Self.malformed(kind, "it has \(arguments.count - 1) arguments, not 2") }
            guard let salt = Base64.bytes(arguments[1]), salt.count == Self.saltSize else {
                throw Self.malformed(kind, "its salt is not the base 64 of \(Self.saltSize) bytes")
            }
            guard let workFactor = Self.workFactor(arguments[2]) else {
                throw Self.malformed(kind, "its work factor is not a decimal number without leading zero")
            }
            guard body.count == Self.bodySize else { throw Self.wrongBody(kind, body.count) }
            self = .scrypt(salt: salt, workFactor: workFactor, body: body)
        default:
            self = .other(kind: kind)
        }
    }

    private static func workFactor(_ digits: [UInt8]) -> Int? {
        guard let first = digits.first, first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        guard digits.count <= 3 else { return endlessWorkFactor }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func malformed(_ kind: String, _ reason: String) -> AgeError {
        AgeError(.badHeader, "the header's \(kind) stanza is malformed: \(reason)")
    }

    private static func wrongBody(_ kind: String, _ count: Int) -> AgeError {
        malformed(kind, "its body has \(count) bytes, not \(bodySize)")
    }
}
