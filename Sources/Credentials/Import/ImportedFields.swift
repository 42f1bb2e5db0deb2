import CofferAccounts
import CofferJSON
import CofferStore
import CofferUpstream

/// The values of one row of an import, each asked for once: what nobody asked for is refused in the end. They are spelled as the fields of
/// records are (protocol.md, "Nouns").
///
/// What is thrown names the field, never its value: somebody may have put a secret into the wrong one.
struct ImportedFields {
    private var fields: [String: String]
    private var secrets: [String: SecretBuffer]

    init(_ row: ImportRow) {
        fields = row.fields
        // An empty one is none.
        secrets = row.secrets.filter { $0.value.count > 0 }
    }

    mutating func text(_ name: String) -> String? { fields.removeValue(forKey: name) }

    mutating func needed(_ name: String) throws(CredentialError) -> String {
        guard let text = text(name), !text.isEmpty else { throw CredentialError(.invalidArgument, name, "it is missing") }
        return text
    }

    mutating func name() throws(CredentialError) -> DocumentName { try DocumentName.checked(try needed("name")) }

    mutating func bool(_ name: String) throws(CredentialError) -> Bool? {
        switch text(name) {
        case nil: return nil
        case "true": return true
        case "false": return false
        default: throw CredentialError(.invalidArgument, name, "it is neither true nor false")
        }
    }

    /// A list, one item a line.
    mutating func lines(_ name: String) -> [String] {
        text(name).map { text in text.isEmpty ? [] : text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) } ?? []
    }

    /// A JSON object of texts.
    mutating func map(_ name: String) throws(CredentialError) -> [String: String] {
        guard let text = text(name) else { return [:] }
        let refusal = CredentialError(.invalidArgument, name, "it is no JSON object of texts")
        guard let object = (try? JSONValue.parse(Array(text.utf8), allowsTrailing: false, repairsText: false))?.object else { throw refusal }
        var map: [String: String] = [:]
        for (key, value) in object {
            guard let value = value.string, map.updateValue(value, forKey: key) == nil else { throw refusal }
        }
        return map
    }

    /// Unix milliseconds by name.
    mutating func moments(_ name: String) throws(CredentialError) -> [String: UInt64] {
        var moments: [String: UInt64] = [:]
        for (kind, text) in try map(name) {
            guard let time = UInt64(text), time < 1 << 53 else {
                throw CredentialError(.invalidArgument, name, "a moment is no number of Unix milliseconds")
            }
            moments[kind] = time
        }
        return moments
    }

    mutating func secret(_ name: String) -> SecretBuffer? { secrets.removeValue(forKey: name) }

    /// All that are left: tokens by kind, and the sealed fields.
    mutating func secrets(of provider: Provider?) -> (tokens: [String: SecretBuffer], fields: [String: SecretBuffer]) {
        let kinds = Provider.tokenKinds.union(provider?.steps.flatMap(\.gives) ?? [])
        defer { secrets = [:] }
        return (secrets.filter { kinds.contains($0.key) }, secrets.filter { !kinds.contains($0.key) })
    }

    /// - Throws: `invalidArgument` for what nobody asked for.
    func finish() throws(CredentialError) {
        guard let name = fields.keys.min() ?? secrets.keys.min() else { return }
        throw CredentialError(.invalidArgument, Name.printable(name.utf8.prefix(64)), "there is no such field")
    }
}
