import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream
import CofferWire

/// The secret of a request about a credential or pool: a JSON object of texts, each by its name; `null` takes one away.
struct SecretFields {
    private(set) var values: [String: SecretBuffer?] = [:]

    /// - Parameter secret: `nil`: none is given.
    /// - Throws: `invalidArgument` naming the field; never with a value.
    init(_ secret: SecretBuffer?) throws(Failure) {
        guard let secret else { return }
        defer { withExtendedLifetime(secret) {} }
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue.parse(Array(secret.bytes), allowsTrailing: false, repairsText: false) } catch {
            throw Failure(.invalidArgument, "secret: it is no JSON object of texts")
        }
        guard let object = json.object else { throw Failure(.invalidArgument, "secret: it must be a JSON object of texts") }
        guard object.count <= Limits.recordFields else {
            throw Failure(.invalidArgument, "secret: there are more than \(Limits.recordFields) fields")
        }
        for (name, value) in object {
            let shown = Name.printable(name.utf8.prefix(64))
            guard values[name] == nil else { throw Failure(.invalidArgument, "secret.\(shown): it stands twice") }
            switch value {
            case .string(let text): values[name] = .some(SecretBuffer(Array(text.utf8)))
            case .null: values[name] = .some(nil)
            default: throw Failure(.invalidArgument, "secret.\(shown): it must be a text, or null")
            }
        }
    }

    var isEmpty: Bool { values.isEmpty }

    /// Takes one out; what nobody took is refused by ``finish()``.
    /// - Returns: `nil`: it is not given; `.some(nil)`: it is to be taken away.
    mutating func take(_ name: String) -> SecretBuffer?? { values.removeValue(forKey: name) }

    func finish(_ noun: Noun) throws(Failure) {
        guard let name = values.keys.min() else { return }
        throw Failure(.invalidArgument, "secret.\(Name.printable(name.utf8.prefix(64))): \(noun.rawValue) has no such secret")
    }

    /// Which of them are tokens, and which are sealed fields.
    func sorted(for provider: Provider?) -> (tokens: [String: SecretBuffer?], secrets: [String: SecretBuffer?]) {
        let kinds = Provider.tokenKinds.union(provider?.steps.reduce(into: []) { $0.formUnion($1.gives) } ?? [])
        return (values.filter { kinds.contains($0.key) }, values.filter { !kinds.contains($0.key) })
    }
}

extension RecordFields {
    /// A JSON object of texts, `null` taking one away; `nil`: the field is not given.
    mutating func map(_ name: String) throws(Failure) -> [String: String?]? {
        guard let text = text(name) else { return nil }
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue.parse(Array(text.utf8), allowsTrailing: false, repairsText: false) } catch {
            throw Failure(.invalidArgument, "'\(name)' must be a JSON object of texts")
        }
        guard let object = json.object else { throw Failure(.invalidArgument, "'\(name)' must be a JSON object of texts") }
        var result: [String: String?] = [:]
        for (key, value) in object {
            let shown = Name.printable(key.utf8.prefix(64))
            guard result[key] == nil else { throw Failure(.invalidArgument, "'\(name)': '\(shown)' stands twice") }
            switch value {
            case .string(let text): result[key] = .some(text)
            case .null: result[key] = .some(nil)
            default: throw Failure(.invalidArgument, "'\(name)': '\(shown)' must be a text, or null")
            }
        }
        return result
    }

    /// Unix milliseconds by name, `{"access":"1767225660000"}`.
    mutating func moments(_ name: String) throws(Failure) -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        for (key, value) in try map(name) ?? [:] {
            guard let value, let time = UInt64(value), time < 1 << 53, String(time) == value else {
                throw Failure(.invalidArgument, "'\(name)': '\(Name.printable(key.utf8.prefix(64)))' must be Unix milliseconds, or 0")
            }
            result[key] = time
        }
        return result
    }
}

extension RecordBuilder {
    /// Bytes of a map that are shown: two of them fit a frame with everything else.
    private static let mapBytes = 300_000

    /// As a JSON object of texts, by name. What does not fit is left out.
    mutating func map(_ name: String, _ values: [String: String]) {
        var size = 0
        var shown: [(String, JSONValue)] = []
        for (key, value) in values.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            let field = JSONValue.string(value)
            size += field.encoded().count + key.utf8.count + 4
            guard size <= Self.mapBytes else { break }
            shown.append((key, field))
        }
        text(name, String(decoding: JSONValue.object(shown).encoded(), as: UTF8.self))
    }
}
