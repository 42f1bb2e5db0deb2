import CofferStore

/// How the documents of accounts are called: decimal numbers, `TENANT/USER`, `DOOR/FIELD`.
extension DocumentName {
    static func number(_ number: UInt64) throws(AccountError) -> DocumentName { try checked(String(number)) }
    static func membership(_ key: MembershipKey) throws(AccountError) -> DocumentName { try checked("\(key.tenant)/\(key.user)") }
    static func door(_ key: DoorKey) throws(AccountError) -> DocumentName { try checked("\(key.door)/\(key.field)") }
    static func sequence(_ sequence: Sequences) throws(AccountError) -> DocumentName { try checked(sequence.rawValue) }
    /// A user's wallet among the budgets.
    static func wallet(_ user: UInt64) throws(AccountError) -> DocumentName { try checked("u/\(user)") }

    static func checked(_ text: String) throws(AccountError) -> DocumentName {
        do throws(NameError) { return try DocumentName(text.utf8) } catch {
            throw AccountError(.invalidArgument, "name", error.rawValue)
        }
    }
}

/// The reverse, for what the store tells of its changes.
enum DocumentNames {
    static func number(_ name: some Collection<UInt8>) throws(StoreError) -> UInt64 {
        // Only as we write it: no sign, no zero in front.
        guard let number = UInt64(String(decoding: name, as: UTF8.self)), Array(String(number).utf8) == Array(name) else {
            throw StoreError(.damaged, "an account's document has a name that is no number")
        }
        return number
    }

    static func membership(_ name: [UInt8]) throws(StoreError) -> MembershipKey {
        let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw StoreError(.damaged, "a membership's document has a name that does not fit") }
        return MembershipKey(tenant: try number(parts[0]), user: try number(parts[1]))
    }

    static func door(_ name: [UInt8]) throws(StoreError) -> DoorKey {
        let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw StoreError(.damaged, "a door's document has a name that does not fit") }
        return DoorKey(door: String(decoding: parts[0], as: UTF8.self), field: String(decoding: parts[1], as: UTF8.self))
    }
}

/// The counters that give numbers. Each keeps the last number it gave; none is given twice, also not after deletes.
enum Sequences: String, CaseIterable, Sendable {
    case user, apikey, tenant, token
    case newapiUser = "newapi.user"
    case newapiToken = "newapi.token"
}
