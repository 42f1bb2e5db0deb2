import CofferStore

/// What records say of restores.
public enum RestoreNotes {
    /// In front of it.
    /// - Parameter mode: as the command has it.
    public static func begun(_ mode: String, dryRun: Bool) -> String { dryRun ? "dry run: \(mode)" : mode }

    /// Behind it.
    /// - Parameters: where the store is now; the incarnation has 16 bytes.
    public static func record(of revision: UInt64, incarnation: [UInt8], by who: AuditWho, at time: UInt64) -> AuditRecord {
        AuditRecord(
            time: time, who: who, noun: .backup, action: .restore, revision: revision,
            note: "done: the store goes on at revision \(revision) in the incarnation \(hexadecimal(incarnation))")
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
