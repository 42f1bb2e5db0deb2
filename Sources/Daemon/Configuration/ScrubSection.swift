import Yams

/// The `scrub` section of the configuration file.
struct ScrubConfiguration: Sendable, Equatable {
    /// Milliseconds between two scrubs that the daemon begins by itself; 0: none.
    var every: UInt64 = 7 * 86_400_000
}

/// Reads the `scrub` section (docs/configuration.md, "Scrubs").
enum ScrubSection {
    private static let units: [(Character, UInt64)] = [("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
    private static let longest: UInt64 = 366 * 86_400_000

    /// - Returns: the section, and everything that is wrong with it.
    static func read(_ node: Node, path: String) -> (configuration: ScrubConfiguration, messages: [String]) {
        var result = ScrubConfiguration()
        var section = SectionReader(node, name: "scrub", path: path)
        if let text = section.text("every", atMost: 32) {
            if let every = span(text) { result.every = every } else {
                section.fail(section.line("every"), "every", "must be 'never' or a time from 1s to 366d, such as 7d or 12h")
            }
        }
        section.finish()
        return (result, section.messages)
    }

    /// Milliseconds; `nil`: it is none.
    static func span(_ text: String) -> UInt64? {
        if text == "never" { return 0 }
        guard let unit = units.first(where: { text.last == $0.0 }), text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = UInt64(text.dropLast())
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.1)
        return !overflow && (1_000...longest).contains(product) ? product : nil
    }
}
