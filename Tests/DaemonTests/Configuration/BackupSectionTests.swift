import CofferCredentials
import Testing

@testable import CofferDaemon

/// docs/configuration.md, "Backups".
@Suite struct BackupSectionTests {
    /// Of the age specification's examples.
    private let recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

    private func messages(_ text: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try ConfigurationFile.parse(text, path: "f.yaml")
            return []
        } catch {
            return error.messages
        }
    }

    @Test func whatIsWrittenIsRead() throws {
        let file = try ConfigurationFile.parse("""
            backups:
              folder: /var/backups/coffer
              at: "02:30"
              time_zone: Europe/Berlin
              keep: 14
              recipients: [\(recipient)]
              recipients_file: /etc/coffer/recipients
              rehearsal_identity: /etc/coffer/rehearsal
            """, path: "f.yaml")
        var expected = BackupConfiguration()
        expected.folder = "/var/backups/coffer"
        expected.rule = .daily(at: try TimeOfDay("02:30"))
        expected.timeZone = "Europe/Berlin"
        expected.keep = 14
        expected.recipients = [recipient]
        expected.recipientsFile = "/etc/coffer/recipients"
        expected.rehearsalIdentity = "/etc/coffer/rehearsal"
        #expect(file.backups == expected)
        #expect(try ConfigurationFile.parse("", path: "f.yaml").backups == BackupConfiguration())
    }

    @Test(arguments: [("1s", 1_000), ("90m", 5_400_000), ("24h", 86_400_000), ("7d", 604_800_000), ("1500ms", 1_500)])
    func spans(_ text: String, _ milliseconds: UInt64) throws {
        let file = try ConfigurationFile.parse("backups: {folder: /b, every: \(text), recipients: [\(recipient)]}\n", path: "f.yaml")
        #expect(file.backups.rule == .every(milliseconds) && file.backups.interval == milliseconds)
    }

    @Test func allErrorsAtOnceWithTheirLines() {
        let found = messages("""
            backups:
              folder: relative
              every: often
              at: 25:00
              time_zone: Here
              keep: 0
              recipients: [age1x, \(recipient)]
              rehearsal_identity: id
              colour: red
            """)
        for (line, text) in [
            (2, "'backups.folder'"), (3, "'backups.every'"), (4, "'backups.at'"), (5, "'backups.time_zone'"), (6, "'backups.keep'"),
            (7, "number 1"), (8, "'backups.rehearsal_identity'"), (9, "unknown setting 'backups.colour'"),
        ] {
            #expect(found.contains { $0.hasPrefix("f.yaml:\(line): ") && $0.contains(text) }, "\(line) \(text): \(found)")
        }
    }

    @Test func whatIsNeeded() {
        #expect(messages("backups: {every: 1h, recipients: [\(recipient)]}\n").count == 1)
        #expect(messages("backups: {folder: /b}\n").count == 1)
        for span in ["0s", "999ms", "367d", "-1h", "1", "h", "1w", "99999999999999999999d"] {
            #expect(messages("backups: {folder: /b, every: \(span), recipients: [\(recipient)]}\n").count == 1, "\(span)")
        }
    }
}
