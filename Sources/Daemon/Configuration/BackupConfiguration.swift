import CofferAge
import CofferCredentials
import Yams

/// The `backups` section of the configuration file: backups that the daemon takes by itself, and proves.
struct BackupConfiguration: Sendable, Equatable {
    enum Rule: Sendable, Equatable {
        /// Milliseconds from one to the next.
        case every(UInt64)
        case daily(at: TimeOfDay)
    }

    /// Where they lie, absolute; empty: none are taken.
    var folder = ""
    var rule = Rule.every(86_400_000)
    /// Of ``Rule/daily(at:)``: `Europe/Berlin`; empty: the machine's.
    var timeZone = ""
    /// How many stay, the newest ones.
    var keep = 7
    /// `age1…`, as written in the section.
    var recipients: [String] = []
    /// A file with one on each line, read at each backup; empty: none.
    var recipientsFile = ""
    /// A file with the identity that opens each backup again; empty: none.
    var rehearsalIdentity = ""

    /// Milliseconds between two.
    var interval: UInt64 {
        switch rule {
        case .every(let milliseconds): milliseconds
        case .daily: 86_400_000
        }
    }
}

/// Reads the `backups` section (docs/configuration.md, "Backups").
enum BackupSection {
    private static let longest = 366 * 86_400_000
    private static let mostRecipients = 100

    /// - Returns: the section, and everything that is wrong with it.
    static func read(_ node: Node, path: String) -> (configuration: BackupConfiguration, messages: [String]) {
        var result = BackupConfiguration()
        var section = SectionReader(node, name: "backups", path: path)
        result.folder = section.absolutePath("folder") ?? ""
        let hasEvery = section.node("every") != nil
        if let text = section.text("every") {
            if let span = SettingValue.span(text, 1_000...longest) { result.rule = .every(UInt64(span)) } else {
                section.fail(section.line("every"), "every", "must be a time such as 24h, 30m or 7d, from 1s to 366d")
            }
        }
        if let text = section.text("at") {
            do throws(CredentialError) { result.rule = .daily(at: try TimeOfDay(text)) } catch {
                section.fail(section.line("at"), "at", "must be a time from 00:00 to 23:59, in quotes: \"02:30\"")
            }
            if hasEvery { section.fail(section.line("at"), "at", "and 'every' cannot both be set") }
        }
        result.timeZone = section.text("time_zone") ?? ""
        if !result.timeZone.isEmpty {
            do throws(CredentialError) { _ = try ScheduleZone(result.timeZone) } catch {
                section.fail(section.line("time_zone"), "time_zone", error.message)
            }
        }
        result.keep = section.number("keep", 1...1_000).map { Int($0) } ?? result.keep
        result.recipients = recipients(&section)
        result.recipientsFile = section.absolutePath("recipients_file") ?? ""
        result.rehearsalIdentity = section.absolutePath("rehearsal_identity") ?? ""
        section.finish()
        if section.messages.isEmpty {
            let first = node.mark?.line ?? 1
            if result.folder.isEmpty { section.fail(first, "folder", "is needed: where the backups are to lie") }
            if result.recipients.isEmpty && result.recipientsFile.isEmpty {
                section.fail(first, "recipients", "or 'recipients_file' is needed: to whom the backups are encrypted ('coffer backup keygen')")
            }
        }
        return (result, section.messages)
    }

    private static func recipients(_ section: inout SectionReader) -> [String] {
        let texts = section.texts("recipients") ?? []
        let line = section.line("recipients")
        if texts.count > mostRecipients { section.fail(line, "recipients", "has more than \(mostRecipients) recipients") }
        for (index, text) in texts.enumerated() {
            // Never repeats the text: it may be an identity, put here by mistake.
            do throws(AgeError) { _ = try AgeRecipient(text) } catch { section.fail(line, "recipients", "number \(index + 1): \(error.message)") }
        }
        return texts
    }
}
