import CofferStore
import Yams

/// Reads the `rekey` section (docs/configuration.md, "Keys").
enum RekeySection {
    /// - Returns: the section, and everything that is wrong with it.
    static func read(_ node: Node, path: String) -> (options: RekeyOptions, messages: [String]) {
        var options = RekeyOptions()
        var section = SectionReader(node, name: "rekey", path: path)
        if let rate = section.number("records_per_second", 0...1_000_000) { options.recordsPerSecond = UInt64(rate) }
        if let drops = section.bool("drop_old") { options.dropsOldKeys = drops }
        if let text = section.text("every", atMost: 32) {
            if let every = Self.span(text) {
                options.every = every
            } else {
                section.fail(section.line("every"), "every", "must be a time from 1h to 3650d such as 90d, or 0 for never")
            }
        }
        section.finish()
        return (options, section.messages)
    }

    /// Milliseconds of `36h` or `90d`; 0 of `0`.
    static func span(_ text: String) -> UInt64? {
        if text == "0" { return 0 }
        for (unit, hours) in [("h", UInt64(1)), ("d", 24)] where text.hasSuffix(unit) {
            let digits = text.dropLast()
            guard (1...6).contains(digits.count), digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = UInt64(digits), (1...(3_650 * 24)).contains(number * hours)
            else { return nil }
            return number * hours * 3_600_000
        }
        return nil
    }
}
