/// A value that a provider's templates use and that is neither a token nor part of a login: a client id, a URL.
public struct ProviderParameter: Equatable, Sendable {
    /// What its text must look like.
    public enum Kind: String, Equatable, Sendable, CaseIterable {
        case text
        /// A whole number of 64 bits; alone in a JSON template it is written as a number.
        case integer
        /// `true` or `false`; alone in a JSON template it is written as such.
        case boolean
        /// An http or https URL. Alone at the start of a URL template it stands for itself, unescaped.
        case url
        /// A text that ``Replay`` reads: `rotating`, `static`, `grace:30`.
        case replay
    }

    /// 1 to 64 of `[a-z0-9_]`, beginning with a letter.
    public let name: String
    public let kind: Kind
    /// Taken where no value is given; an empty value counts as none.
    public internal(set) var `default`: String?
    /// The texts that are allowed; empty: any.
    public let choices: [String]
    /// Shown as `***`, kept sealed.
    public let isSecret: Bool
    /// A credential of this provider must have it.
    public internal(set) var isRequired: Bool
    /// Given with a single call (the share tokens of a pool), not kept with a credential.
    public let isPerCall: Bool
    public let description: String

    /// The longest value, in bytes.
    public static let maximumLength = 65_536

    /// Whether `value` may be this parameter's value. The value itself is never in the error: it may be a secret.
    public func check(_ value: String) throws(ProviderError) {
        guard value.utf8.count <= Self.maximumLength else { throw ProviderError(name, "is longer than \(Self.maximumLength) bytes") }
        guard !value.utf8.contains(0) else { throw ProviderError(name, "contains a NUL byte") }
        if !choices.isEmpty, !choices.contains(value) {
            throw ProviderError(name, "must be one of \(choices.joined(separator: ", "))")
        }
        switch kind {
        case .text: break
        case .integer: if Int64(value) == nil { throw ProviderError(name, "must be a whole number") }
        case .boolean: if value != "true" && value != "false" { throw ProviderError(name, "must be true or false") }
        case .url:
            do { _ = try UpstreamURL(Array(value.utf8)) } catch { throw ProviderError(name, error.message) }
        case .replay:
            if Replay(value) == nil { throw ProviderError(name, "must be rotating, static or grace:SECONDS (1 to 3600)") }
        }
    }
}
