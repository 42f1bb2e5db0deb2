/// The providers of TokenStatusCheck, by the short names that its paths have (compat/tokenstatuscheck.md 1.5).
public enum TokenStatusCheckProvider: String, Sendable, CaseIterable {
    case deep, qwen, hailuo, mita, step, glm, moonshot, spark

    private var word: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

    /// The original's environment variable; an "s" is missing in its group's name there too.
    public var variable: String { "TokenStatuCheckUrls__\(word)TokenCheckUrl" }

    /// Below the data folder. No JSON, despite its name.
    var file: String { "LLM-\(word)/token.json" }

    /// Why this cannot be the address of a token check; `nil`: it can.
    public static func objection(to url: String) -> String? {
        let rest = ["http://", "https://"].first { url.lowercased().hasPrefix($0) }.map { url.dropFirst($0.count) }
        guard let rest, let first = rest.first, first != "/", url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "must be the whole address of a token check, such as http://deepseek-free-api:8000/token/check, without brackets around it"
        }
        return nil
    }
}
