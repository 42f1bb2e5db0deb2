import ArgumentParser

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Takes backups, proves and opens them, and makes their keys.",
        discussion: """
            A backup is an age v1 file (age-encryption.org/v1) around lines of JSON: what age can open, opens it without Coffer. \
            'coffer restore' puts one back.
            """,
        subcommands: [
            BackupCreate.self, BackupVerify.self, BackupList.self, BackupRun.self, BackupKeygen.self, BackupCat.self,
        ])
}
