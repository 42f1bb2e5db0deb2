import CofferClient

/// What a verb prints that changed one name.
enum ChangeReport {
    static func print(_ name: String, _ what: String, version: UInt64, _ change: ChangeResponse, json: Bool) throws {
        guard json else {
            return try Output.line("\(Printable.text(name)): \(version == 0 ? what : "version \(version) \(what)")")
        }
        var fields: [(String, JSON)] = [("name", .text(name))]
        if version > 0 { fields.append(("version", .number(version))) }
        fields.append(("revision", .number(change.revision)))
        try Output.line(.object(fields))
    }
}
