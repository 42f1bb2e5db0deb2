import ArgumentParser
import CofferClient
import Glibc

/// An answer on the command line.
enum YesNo: String, ExpressibleByArgument, CaseIterable {
    case yes, no

    var field: String { self == .yes ? "true" : "false" }
}

/// What a user may do at the HTTP doors.
enum UserRole: String, ExpressibleByArgument, CaseIterable {
    case common, admin, root
}

/// What a user is in a tenant.
enum MemberRole: String, ExpressibleByArgument, CaseIterable {
    case owner, admin, normal, invite
}

/// What an API key looks like.
enum APIKeyForm: String, ExpressibleByArgument, CaseIterable {
    case coffer, sk, ragflow
}

/// How an API key stands.
enum APIKeyStatus: String, ExpressibleByArgument, CaseIterable {
    case enabled, disabled, expired, exhausted
}

/// Numbers, moments and addresses of the verbs for accounts.
enum AccountArgument {
    /// Most quota units that are ever counted at once (protocol.md).
    static let maximumUnits: UInt64 = 500_000_000_000_000

    static func check(units: UInt64?, _ option: String) throws {
        if let units, units > maximumUnits { throw ValidationError("\(option) takes 0 to \(maximumUnits)") }
    }

    /// A wallet: `unlimited` or quota units.
    static func wallet(_ text: String?) throws -> String? {
        guard let text, text != "unlimited" else { return text }
        guard let units = UInt64(text), units <= maximumUnits else {
            throw ValidationError("--wallet takes unlimited, or 0 to \(maximumUnits)")
        }
        return String(units)
    }

    /// A moment in Unix milliseconds, or `never`.
    static func expiry(_ text: String?) throws -> String? {
        guard let text, text != "never" else { return text }
        guard let moment = Moment.future(text) else {
            throw ValidationError("--expires takes a time such as 2027-01-31T12:00:00Z, a duration such as 30d, or never")
        }
        return String(moment)
    }

    /// The same in Unix seconds.
    static func expirySeconds(_ text: String?) throws -> String? {
        guard let text = try expiry(text), let milliseconds = UInt64(text) else { return try expiry(text) }
        return String(milliseconds / 1_000 + (milliseconds % 1_000 == 0 ? 0 : 1))
    }

    /// A list as one field: an empty text alone empties it, no item leaves it as it is.
    static func lines(_ items: [String], _ option: String) throws -> String? {
        if items.isEmpty { return nil }
        if items == [""] { return "" }
        guard items.allSatisfy({ !$0.isEmpty && !$0.contains("\n") }) else {
            throw ValidationError("\(option) takes one item on one line; '' alone empties the list")
        }
        return items.joined(separator: "\n")
    }

    /// Four or sixteen bytes; none for none.
    static func address(_ text: String?) throws -> [UInt8] {
        guard let text else { return [] }
        var bytes = [UInt8](repeating: 0, count: text.contains(":") ? 16 : 4)
        let status = bytes.withUnsafeMutableBytes { inet_pton(text.contains(":") ? AF_INET6 : AF_INET, text, $0.baseAddress) }
        guard status == 1 else { throw ValidationError("--address takes an IPv4 or IPv6 address") }
        return bytes
    }
}
