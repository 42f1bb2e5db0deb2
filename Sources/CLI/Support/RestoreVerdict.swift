import CofferClient
import CofferStore

/// What a restore did, or would do, whoever did it.
struct RestoreVerdict {
    struct Difference {
        var kind: String
        var added: UInt64
        var changed: UInt64
        var same: UInt64
        var kept: UInt64
        var removed: UInt64
    }

    struct Name {
        var kind: String
        var tenant: UInt64
        var name: [UInt8]
        var effect: RestoreEffect
    }

    var backup: BackupFigures
    var incarnation: String
    var revision: UInt64
    /// Of the store's content afterwards.
    var digest: String
    var differences: [Difference]
    var names: [Name]
    /// What is to be minded before a daemon is started; empty: nothing.
    var warning = ""

    init(_ response: RestoreResponse) {
        backup = BackupFigures(response.backup)
        incarnation = Hex.text(response.position.incarnation.bytes)
        revision = response.position.revision
        digest = Hex.text(response.digest)
        differences = response.differences.map {
            Difference(kind: $0.kind, added: $0.added, changed: $0.changed, same: $0.same, kept: $0.kept, removed: $0.removed)
        }
        names = response.names.map { Name(kind: $0.kind, tenant: $0.tenant, name: $0.name, effect: $0.effect) }
    }

    init(_ report: RestoreReport) {
        backup = BackupFigures(report.summary)
        incarnation = Hex.text(report.incarnation)
        revision = report.revision
        digest = report.digest
        differences = report.differences.map {
            Difference(kind: $0.kind, added: $0.added, changed: $0.changed, same: $0.same, kept: $0.kept, removed: $0.removed)
        }
        names = report.names.map {
            Name(kind: $0.kind, tenant: $0.tenant, name: $0.name, effect: RestoreEffect(rawValue: $0.effect.rawValue) ?? .changed)
        }
    }

    /// Whether everything of the backup is in the store now, and nothing else.
    private var isWhole: Bool { digest == backup.digest }

    private static let shownNames = 50

    /// What acts by itself, by kinds of a backup.
    private static let acting = ["credentials", "schedules", "sinks"]

    /// A copy of a store acts like the store itself: it uses up the same tokens, and writes the same files.
    /// - Parameter storeID: hexadecimal: of the store that the backup was put into.
    mutating func noteCopy(storeID: String) {
        let kinds = backup.counts.filter { Self.acting.contains($0.kind) && $0.count > 0 }.map { "\($0.count) \($0.kind)" }
        guard storeID != backup.storeID, !kinds.isEmpty else { return }
        warning = "this store is a copy of \(backup.storeID), with \(kinds.joined(separator: ", ")): a daemon on it refreshes the same tokens "
            + "and writes the same files. Unless it takes the other one's place, start it with --rehearsal"
    }

    // MARK: Output

    func print(file: String, dryRun: Bool, json: Bool) throws {
        guard !json else { return try Output.line(.object(fields(file, dryRun))) }
        if !differences.isEmpty {
            var table = Table(["KIND", "ADDED", "CHANGED", "SAME", "KEPT", "REMOVED"])
            for item in differences {
                let numbers = [item.added, item.changed, item.same, item.kept, item.removed]
                table.add([item.kind] + numbers.map { $0 == 0 ? "-" : String($0) })
            }
            try table.print()
        }
        for item in names.prefix(Self.shownNames) {
            let place = item.tenant > 1 ? " (tenant \(item.tenant))" : ""
            try Output.line("  \(item.effect.sign) \(Printable.text(item.kind)) \(Printable.name(item.name))\(place)")
        }
        if names.count > Self.shownNames { try Output.line("  … (--json lists up to 1,000)") }
        try Output.line(verdict(Printable.text(file), dryRun))
    }

    private func verdict(_ file: String, _ dryRun: Bool) -> String {
        let store = dryRun ? "the store would have" : "the store has"
        let content = isWhole ? "the content of the backup, all of it and nothing else" : "more or other content than the backup"
        return """
            \(dryRun ? "nothing was changed; \(file) would be restored like this" : "\(file) is restored")
            verdict   \(store) \(content)
            digest    \(digest)
            revision  \(revision)\(dryRun ? " (as it is)" : " in the new incarnation \(incarnation)")\(warning.isEmpty ? "" : "\nwarning   \(warning)")
            """
    }

    private func fields(_ file: String, _ dryRun: Bool) -> [(String, JSON)] {
        [
            ("file", .text(file)), ("dry_run", .bool(dryRun)), ("whole", .bool(isWhole)), ("digest", .text(digest)),
            ("incarnation", .text(incarnation)), ("revision", .number(revision)), ("warning", warning.isEmpty ? .null : .text(warning)), ("backup", .object(backup.fields)),
            ("differences", .array(differences.map {
                .object([
                    ("kind", .text($0.kind)), ("added", .number($0.added)), ("changed", .number($0.changed)), ("same", .number($0.same)),
                    ("kept", .number($0.kept)), ("removed", .number($0.removed)),
                ])
            })),
            ("names", .array(names.map {
                .object([("kind", .text($0.kind)), ("tenant", .number($0.tenant)), JSON.name($0.name), ("effect", .text($0.effect.word))])
            })),
        ]
    }
}

extension RestoreEffect {
    var word: String {
        switch self {
        case .added: "added"
        case .changed: "changed"
        case .kept: "kept"
        case .removed: "removed"
        }
    }

    /// In front of a name.
    var sign: String {
        switch self {
        case .added: "+"
        case .changed: "~"
        case .kept: "="
        case .removed: "-"
        }
    }
}
