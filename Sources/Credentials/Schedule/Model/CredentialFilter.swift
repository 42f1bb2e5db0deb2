import CofferStore

/// Which credentials of a tenant are meant. All that is given must hold; nothing given means nobody, not everybody: that is `*`.
public struct CredentialFilter: Equatable, Sendable {
    /// A name, `*` for zero or more bytes in it; empty: any. Of `pool-refresh` it is the pools' name.
    public var pattern: String
    public var tag: String
    public var provider: String
    /// Members of the pool of this name.
    public var pool: String
    /// Attributes that must be there with these values.
    public var attributes: [String: String]

    /// Everything of the tenant.
    public static let all = CredentialFilter(pattern: "*")

    public init(pattern: String = "", tag: String = "", provider: String = "", pool: String = "", attributes: [String: String] = [:]) {
        self.pattern = pattern
        self.tag = tag
        self.provider = provider
        self.pool = pool
        self.attributes = attributes
    }

    public var isEmpty: Bool { pattern.isEmpty && tag.isEmpty && provider.isEmpty && pool.isEmpty && attributes.isEmpty }

    /// Whether it covers a credential of the tenant.
    /// - Parameter members: of ``pool``, where one is named; `nil`: there is no such pool.
    public func covers(_ credential: Credential, members: Set<UInt64>? = nil) -> Bool {
        guard !isEmpty else { return false }
        if !pattern.isEmpty, !NamePattern(pattern).matches(credential.name.bytes) { return false }
        if !tag.isEmpty, !credential.tags.contains(where: { $0.utf8.elementsEqual(tag.utf8) }) { return false }
        if !provider.isEmpty, credential.provider != provider { return false }
        if !pool.isEmpty, members?.contains(credential.number) != true { return false }
        return attributes.allSatisfy { credential.attributes[$0.key] == $0.value }
    }

    /// - Throws: `invalidArgument` with `target`.
    func check() throws(CredentialError) {
        guard !isEmpty else {
            throw CredentialError(.invalidArgument, "target", "no credential is meant; all of the tenant are meant by the name '*'")
        }
        for (text, what) in [(pattern, "name"), (tag, "tag"), (provider, "provider"), (pool, "pool")] where !text.isEmpty {
            let plain = text.utf8.map { $0 == UInt8(ascii: "*") && what == "name" ? UInt8(ascii: "x") : $0 }
            do throws(NameError) { _ = try DocumentName(plain) } catch {
                throw CredentialError(.invalidArgument, "target", "the target's \(what): \(error.rawValue)")
            }
        }
        guard attributes.count <= CredentialChecks.maximumAttributes else {
            throw CredentialError(.invalidArgument, "target", "there are more than \(CredentialChecks.maximumAttributes) attributes")
        }
        for (name, value) in attributes {
            try CredentialChecks.check(key: name)
            guard value.utf8.count <= 4_096 else {
                throw CredentialError(.invalidArgument, "target", "the value of an attribute has more than 4,096 bytes")
            }
        }
    }
}

/// A pattern over whole names: `*` stands for zero or more bytes, also for `/`; nothing else is special.
struct NamePattern: Equatable, Sendable {
    private let pieces: [[UInt8]]

    init(_ text: String) {
        pieces = Array(text.utf8).split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
    }

    /// The first piece at the beginning, the last at the end, those between as early as they come: no going back is needed.
    func matches(_ name: [UInt8]) -> Bool {
        guard let first = pieces.first, let last = pieces.last else { return false }
        guard pieces.count > 1 else { return name == first }
        guard name.count >= first.count + last.count, name.starts(with: first), name.suffix(last.count).elementsEqual(last) else {
            return false
        }
        var rest = name[first.count..<(name.count - last.count)]
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let found = rest.firstRange(of: piece) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
