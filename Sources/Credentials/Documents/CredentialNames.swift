import CofferStore

/// How the documents about credentials are called: decimal numbers, `NUMBER/KIND`.
extension DocumentName {
    static func number(_ number: UInt64) throws(CredentialError) -> DocumentName { try checked("\(number)") }
    static func token(_ number: UInt64, _ kind: String) throws(CredentialError) -> DocumentName { try checked("\(number)/\(kind)") }

    static func checked(_ text: String, field: String = "name") throws(CredentialError) -> DocumentName {
        do throws(NameError) { return try DocumentName(text.utf8) } catch {
            throw CredentialError(.invalidArgument, field, error.rawValue)
        }
    }
}

/// The reverse, for what the store tells of its changes.
enum CredentialNames {
    static func number(_ name: some Collection<UInt8>) throws(StoreError) -> UInt64 {
        guard let number = UInt64(String(decoding: name, as: UTF8.self)), Array(String(number).utf8) == Array(name) else {
            throw StoreError(.damaged, "a credential's document has a name that is no number")
        }
        return number
    }

    static func token(_ name: [UInt8]) throws(StoreError) -> (number: UInt64, kind: String) {
        guard let slash = name.firstIndex(of: UInt8(ascii: "/")) else {
            throw StoreError(.damaged, "a token's document has a name that does not fit")
        }
        return (try number(name[..<slash]), String(decoding: name[(slash + 1)...], as: UTF8.self))
    }
}

/// The counters that give numbers (decisions: sequences, never reused). They lie beside those of the accounts.
enum CredentialSequence: String, CaseIterable, Sendable {
    case credential, pool, schedule, sink
    case rtmanage = "rtmanage.rt"
}
