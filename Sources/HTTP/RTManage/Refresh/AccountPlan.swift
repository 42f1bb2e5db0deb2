import CofferJSON

/// Which plan an account has, out of the upstream's list of accounts (compat/rtmanage.md 3.5).
enum AccountPlan {
    private static let free = "free"

    /// The first that is not free, in the upstream's own order; else free; `nil` where none is named.
    static func plan(_ body: JSONValue) -> String? {
        let accounts = body["accounts"]?.object ?? []
        let ordered = (body["account_ordering"]?.array ?? []).compactMap(\.string)
        let ids = ordered + accounts.map(\.0).filter { !ordered.contains($0) }
        let plans = ids.compactMap { id in
            accounts.last { $0.0 == id }?.1["account"]?["plan_type"]?.string
        }.filter { !$0.isEmpty }
        return plans.first { $0 != free } ?? plans.first
    }
}
