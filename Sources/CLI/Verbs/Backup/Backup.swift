import ArgumentParser

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Makes the keys of backups, and opens them.",
        discussion: """
            A backup is an age v1 file (age-encryption.org/v1) around lines of JSON: what age can open, opens it without Coffer.
            """,
        subcommands: [BackupKeygen.self, BackupCat.self])
}
