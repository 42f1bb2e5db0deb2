import CofferClient

/// A record of the audit log, for people and as JSON.
struct AuditLine {
    let entry: AuditEntry

    /// `ok`, or the error's name.
    static func word(_ result: UInt16) -> String { result == 0 ? "ok" : FailureReport.status(ofServer: result).code }

    /// The number of an error's name; `nil`: there is none.
    static func code(of word: String) -> UInt16? { (1...255 as ClosedRange<UInt16>).first { FailureReport.status(ofServer: $0).code == word } }

    /// `payments/db`, in another tenant than main `acme:payments/db`.
    var subject: String {
        var text = Printable.name(entry.name)
        if !entry.tenant.isEmpty, entry.tenant != "main" { text = "\(entry.tenant):\(text)" }
        if entry.version > 0, entry.noun == "secret" { text += " v\(entry.version)" }
        return text
    }

    /// Who it was, as far as one line has room.
    var caller: String {
        var text = entry.who.isEmpty ? "?" : entry.who
        if entry.pid > 0 { text += " pid:\(entry.pid)" }
        if !entry.address.isEmpty { text += " \(entry.address)" }
        if !entry.door.isEmpty, entry.door != "socket" { text += " door:\(entry.door)" }
        return text
    }

    var text: String {
        var parts = [Moment.text(entry.time), caller, entry.action, entry.noun]
        if !entry.name.isEmpty { parts.append(subject) }
        parts.append(Self.word(entry.result))
        if entry.count > 1 { parts.append("×\(entry.count) until \(Moment.text(entry.last))") }
        if entry.revision > 0, entry.action != "segment" { parts.append("revision \(entry.revision)") }
        if !entry.note.isEmpty { parts.append("(\(entry.note))") }
        return parts.map { Printable.text($0) }.joined(separator: "  ")
    }

    var json: JSON {
        var fields: [(String, JSON)] = [
            ("sequence", .number(entry.sequence)), ("time", .moment(entry.time)), ("last", .moment(entry.last)),
            ("count", .number(UInt64(entry.count))), ("who", .text(entry.who)),
        ]
        if entry.uid != .max { fields.append(("uid", .number(UInt64(entry.uid)))) }
        if entry.pid > 0 { fields.append(("pid", .number(UInt64(entry.pid)))) }
        if !entry.door.isEmpty { fields.append(("door", .text(entry.door))) }
        if !entry.address.isEmpty { fields.append(("address", .text(entry.address))) }
        fields += [
            ("selectors", .array(entry.selectors.map { .text($0) })), ("noun", .text(entry.noun)), ("action", .text(entry.action)),
            ("result", .text(Self.word(entry.result))), ("tenant", .text(entry.tenant)), JSON.name(entry.name),
            ("version", .number(entry.version)), ("revision", .number(entry.revision)), ("digest", .bool(entry.hasDigest)),
            ("note", .text(entry.note)),
        ]
        return .object(fields)
    }

    func print(json isJSON: Bool) throws {
        if isJSON { try Output.line(json) } else { try Output.line(text) }
    }
}
