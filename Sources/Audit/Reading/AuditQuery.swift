import CofferStore

/// Which records somebody wants to see. Empty: all of them.
public struct AuditQuery: Sendable {
    /// Whether a name is wanted; `nil`: every one.
    public var name: (@Sendable ([UInt8]) -> Bool)?
    /// A selector, as `uid:1001`, `door:admin`, `pid:77`, `address:192.0.2.7`.
    public var who: String?
    public var actions: Set<AuditAction>?
    public var nouns: Set<AuditNoun>?
    public var result: Result?
    /// Unix milliseconds: the record's last moment is not before `since`, its first not behind `until`.
    public var since: UInt64?
    public var until: UInt64?
    /// Of a value: 16 bytes.
    public var digest: [UInt8]?
    public var tenant: UInt64?

    public enum Result: Equatable, Sendable {
        case done
        case refused
        /// A number of protocol.md's errors.
        case error(UInt16)
    }

    public init() {}

    /// As people ask. What is empty or 0 asks for nothing.
    /// - Parameters:
    ///   - name: a pattern, as policies have it.
    ///   - noun: a word of ``AuditNoun``.
    ///   - action: a word of ``AuditAction``.
    /// - Throws: `invalid-argument`, with what there is instead.
    public init(name: [UInt8], who: String, noun: String, action: String, since: UInt64, until: UInt64) throws(StoreError) {
        if !name.isEmpty {
            let isOfSecrets = noun.isEmpty || noun == AuditNoun.secret.word
            do throws(GlobError) {
                let glob = try Glob(name, ofSecrets: isOfSecrets)
                self.name = { glob.matches($0) }
            } catch {
                throw StoreError(.invalidArgument, "the pattern of names: \(error)")
            }
        }
        if !noun.isEmpty {
            guard let noun = AuditNoun.allCases.first(where: { $0.word == noun }) else {
                throw StoreError(.invalidArgument, "unknown noun; it may be \(AuditNoun.allCases.map(\.word).joined(separator: ", "))")
            }
            nouns = [noun]
        }
        if !action.isEmpty {
            guard let action = AuditAction.allCases.first(where: { $0.word == action }) else {
                throw StoreError(.invalidArgument, "unknown action; it may be \(AuditAction.allCases.map(\.word).joined(separator: ", "))")
            }
            actions = [action]
        }
        if !who.isEmpty { self.who = who }
        if since > 0 { self.since = since }
        if until > 0 { self.until = until }
    }

    public func matches(_ record: AuditRecord) -> Bool {
        if let since, record.last < since { return false }
        if let until, record.time > until { return false }
        if let actions, !actions.contains(record.action) { return false }
        if let nouns, !nouns.contains(record.noun) { return false }
        if let tenant, record.tenant != tenant { return false }
        if let digest, record.digest != digest { return false }
        switch result {
        case nil: break
        case .done: if record.result != 0 { return false }
        case .refused: if record.result == 0 { return false }
        case .error(let code): if record.result != code { return false }
        }
        if let who, !record.who.matches(who) { return false }
        if let name, !name(record.name) { return false }
        return true
    }
}
