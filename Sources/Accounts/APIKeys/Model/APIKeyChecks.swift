import CofferStore

// What a new or changed key may carry.
extension APIKey {
    /// - Throws: `invalidArgument` naming the field.
    func check() throws(AccountError) {
        try windows.check()
        try Self.check(models, "models", count: APIKeyLimits.models, bytes: APIKeyLimits.model)
        try Self.check(tags, "tags", count: APIKeyLimits.tags, bytes: APIKeyLimits.tag)
        try Self.check(group, "group", bytes: APIKeyLimits.group)
        if let autoGroups { try Self.check(autoGroups, "auto_groups", count: APIKeyLimits.autoGroups, bytes: APIKeyLimits.group) }
        if let dialogID { try Self.check(dialogID, "dialog_id", bytes: APIKeyLimits.shortText) }
        if let source { try Self.check(source, "source", bytes: APIKeyLimits.shortText) }
        guard newapiID >= 0 else { throw AccountError(.invalidArgument, "newapi_id", "the number of new-api cannot be negative") }
    }

    private static func check(_ texts: [String], _ field: String, count: Int, bytes: Int) throws(AccountError) {
        guard texts.count <= count else {
            throw AccountError(.invalidArgument, field, "\(field) has \(texts.count) entries; \(count) are allowed")
        }
        for text in texts { try check(text, field, bytes: bytes) }
    }

    private static func check(_ text: String, _ field: String, bytes: Int) throws(AccountError) {
        guard text.utf8.count <= bytes else { throw AccountError(.invalidArgument, field, "\(field) is longer than \(bytes) bytes") }
    }

    /// Trimmed, without empty ones, each once, in the order given.
    static func tidied(_ texts: [String]) -> [String] {
        var seen: Set<[UInt8]> = []
        return texts.compactMap { text in
            let blank: (UInt8) -> Bool = { $0 <= 0x20 }
            let bytes = Array(text.utf8.drop(while: blank).reversed().drop(while: blank).reversed())
            // Bytes, not strings: those compare by canonical equivalence.
            guard !bytes.isEmpty, seen.insert(bytes).inserted else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension APIKeyDraft {
    /// The key as it will be, checked, but for what only the change queue knows: number, new-api's number.
    func key(hintEnds: UInt64, now: UInt64) throws(AccountError) -> APIKey {
        guard (0...APIKeyLimits.quota).contains(quota) else { throw .outOfRange("quota") }
        guard (0...APIKeyLimits.quota).contains(used) else { throw .outOfRange("used") }
        let key = APIKey(
            number: 0, tenant: tenant, owner: owner, form: form, name: name, status: status, expires: expires,
            modelLimitsEnabled: modelLimitsEnabled, models: APIKey.tidied(models), addresses: addresses, group: group,
            tags: APIKey.tidied(tags), windows: windows, created: created ?? now, updated: updated, hintEnds: hintEnds,
            newapiID: newapiID ?? 0, crossGroupRetry: crossGroupRetry, autoGroups: autoGroups, dialogID: dialogID, source: source,
            hasBeta: beta != nil, isRevealable: false, revision: 0)
        try key.check()
        return key
    }
}

extension APIKeyChange {
    /// - Throws: `invalidArgument` naming the field.
    func apply(to key: inout APIKey) throws(AccountError) {
        if let quota { guard (0...APIKeyLimits.quota).contains(quota) else { throw .outOfRange("quota") } }
        if let name { key.name = name }
        if let status { key.status = status }
        if let expires { key.expires = expires }
        if let modelLimitsEnabled { key.modelLimitsEnabled = modelLimitsEnabled }
        if let models { key.models = APIKey.tidied(models) }
        if let addresses { key.addresses = addresses }
        if let group { key.group = group }
        if let tags { key.tags = APIKey.tidied(tags) }
        if let windows { key.windows = windows }
        if let crossGroupRetry { key.crossGroupRetry = crossGroupRetry }
        if let autoGroups { key.autoGroups = autoGroups }
        try key.check()
    }
}
