import CofferAudit
import Yams

/// The `audit` section of the configuration file: where the log lies, and when reads are recorded.
struct AuditConfiguration: Sendable, Equatable {
    /// Absolute; empty: `audit` in the store's folder.
    var folder = ""
    var options = AuditOptions()
}

/// Reads the `audit` section (docs/configuration.md, "Audit").
enum AuditSection {
    /// - Returns: the section, and everything that is wrong with it.
    static func read(_ node: Node, path: String) -> (configuration: AuditConfiguration, messages: [String]) {
        var result = AuditConfiguration()
        var section = SectionReader(node, name: "audit", path: path)
        result.folder = section.absolutePath("folder") ?? ""
        if let reads = section.choice("reads", AuditOptions.Reads.self) { result.options.reads = reads }
        if let text = section.text("segment") {
            if let size = SettingValue.size(text, (64 << 10)...(1 << 30)) { result.options.segmentBytes = size } else {
                section.fail(section.line("segment"), "segment", "must be a size such as 16MiB, from 64KiB to 1GiB")
            }
        }
        result.options.keep = section.number("keep", 2...100_000).map { Int($0) } ?? result.options.keep
        result.options.keepDays = section.number("keep_days", 0...36_500).map { Int($0) } ?? result.options.keepDays
        section.finish()
        return (result, section.messages)
    }
}
