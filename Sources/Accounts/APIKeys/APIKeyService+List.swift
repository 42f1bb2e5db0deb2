import CofferStore

// Lists, from memory.
extension APIKeyService {
    /// Which keys; `nil` says nothing.
    public struct Filter: Sendable {
        public var tenant: TenantID?
        public var owner: UInt64?
        public var form: APIKey.Form?
        /// Without regard to case.
        public var nameContains: String?
        public var group: String?
        public var tag: String?
        public var status: APIKey.Status?

        public init(
            tenant: TenantID? = nil, owner: UInt64? = nil, form: APIKey.Form? = nil, nameContains: String? = nil, group: String? = nil,
            tag: String? = nil, status: APIKey.Status? = nil
        ) {
            self.tenant = tenant
            self.owner = owner
            self.form = form
            self.nameContains = nameContains
            self.group = group
            self.tag = tag
            self.status = status
        }
    }

    /// By number.
    public enum Order: Sendable { case newestFirst, oldestFirst }

    /// A page of what fits, and how many fit in all.
    /// - Parameters:
    ///   - skip: how many to leave out; below 0 counts as 0.
    ///   - limit: how many at most; below 0 counts as 0.
    public func list(_ filter: Filter, order: Order, skip: Int, limit: Int) -> (total: Int, items: [APIKeyView]) {
        let now = context.now
        var fitting = accounts(filter)
        if order == .newestFirst { fitting.reverse() }
        let page = fitting.dropFirst(max(skip, 0)).prefix(max(limit, 0))
        return (fitting.count, page.compactMap { $0.view(at: now) })
    }

    /// A page for cursors of those that `isAllowed` is true for, oldest first, and how many of them fit the filter in all.
    /// - Parameter number: only those with a larger number are in the page; the total counts all.
    public func page(
        _ filter: Filter, after number: UInt64, limit: Int, where isAllowed: Permission<APIKey>
    ) -> (total: Int, items: [APIKeyView]) {
        let now = context.now
        var page: (total: Int, items: [APIKeyView]) = (0, [])
        for account in accounts(filter) {
            guard let key = account.current?.key, isAllowed(key) else { continue }
            page.total += 1
            if key.number > number, page.items.count < limit, let view = account.view(at: now) { page.items.append(view) }
        }
        return page
    }

    /// All that fit the filter and `condition`, oldest first.
    public func match(_ filter: Filter, where condition: (APIKeyView) -> Bool) -> [APIKeyView] {
        let now = context.now
        return accounts(filter).compactMap { $0.view(at: now) }.filter(condition)
    }

    private func accounts(_ filter: Filter) -> [APIKeyAccount] {
        let wanted = filter.nameContains.map { NameSearch($0) }
        return registry.accounts(owner: filter.owner, tenant: filter.tenant).filter { account in
            guard let key = account.current?.key else { return false }
            return (filter.tenant == nil || key.tenant == filter.tenant) && (filter.owner == nil || key.owner == filter.owner)
                && (filter.form == nil || key.form == filter.form) && (filter.group == nil || key.group == filter.group)
                && (filter.status == nil || key.status == filter.status) && (filter.tag.map { key.tags.contains($0) } ?? true)
                && (wanted?.isFound(in: key.name.bytes) ?? true)
        }
    }
}

/// Looks for a text in many names, without regard to case.
struct NameSearch {
    private let bytes: [UInt8]
    private let isASCII: Bool

    init(_ text: String) {
        bytes = Array(text.lowercased().utf8)
        isASCII = text.utf8.allSatisfy { $0 < 0x80 }
    }

    func isFound(in name: [UInt8]) -> Bool {
        if bytes.isEmpty { return true }
        // Most names are ASCII: those are searched as bytes.
        if isASCII && name.allSatisfy({ $0 < 0x80 }) { return Self.contains(name, bytes) { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 } }
        return Self.contains(Array(String(decoding: name, as: UTF8.self).lowercased().utf8), bytes) { $0 }
    }

    private static func contains(_ name: [UInt8], _ wanted: [UInt8], _ fold: (UInt8) -> UInt8) -> Bool {
        guard name.count >= wanted.count else { return false }
        for start in 0...(name.count - wanted.count) {
            var length = 0
            while length < wanted.count, fold(name[start + length]) == wanted[length] { length += 1 }
            if length == wanted.count { return true }
        }
        return false
    }
}
