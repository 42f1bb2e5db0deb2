/// The data folder of TokenStatusCheck (compat/tokenstatuscheck.md 1.5): despite their names its files are no JSON, but have a token
/// a line. A credential is named by the fingerprint of its token, so that the same list again, in another order, brings nothing twice.
enum TokenStatusCheckImport {
    /// By the short names that its paths have.
    static let providers: [(name: String, folder: String, variable: String)] = [
        ("deep", "LLM-Deep", "Deep"), ("qwen", "LLM-Qwen", "Qwen"), ("hailuo", "LLM-Hailuo", "Hailuo"), ("mita", "LLM-Mita", "Mita"),
        ("step", "LLM-Step", "Step"), ("glm", "LLM-Glm", "Glm"), ("moonshot", "LLM-Moonshot", "Moonshot"), ("spark", "LLM-Spark", "Spark"),
    ]

    static let accounts = "OfficialToken/deep_user.json"

    static let files = providers.map { "\($0.folder)/token.json" } + [accounts]

    /// Longest token of a credential.
    private static let maximumToken = 65_536

    static func read(_ files: [CredentialSystem.File], urls: [String: String]) -> CredentialImport {
        var result = CredentialImport()
        for provider in providers {
            guard let file = files.first(where: { $0.name == "\(provider.folder)/token.json" }) else { continue }
            let all = lines(file.bytes)
            if !all.isEmpty, urls[provider.name] == nil {
                result.remarks.append(
                    "\(file.name): no address of the upstream is given, so that nobody can be asked: --upstream \(provider.name)=URL")
            }
            var seen: [[UInt8]: Int] = [:]
            for (line, token) in all {
                let origin = "\(file.name) line \(line)"
                do throws(RowProblem) {
                    try check(token, "the token")
                    if let first = seen[token] { throw .skipped("the same token stands in line \(first)") }
                    seen[token] = line
                    var fields = LegacyFields()
                    fields.set("name", "\(provider.name) \(Fingerprint.text(token))")
                    fields.set("provider", "free-api")
                    fields.set("tags", provider.name)
                    fields.set(parameter: "url", urls[provider.name])
                    fields.set(secret: "access", token)
                    result.rows.append(fields.row(origin: origin, noun: "credential"))
                } catch {
                    result.leftOut.append(.init(origin: origin, reason: error.reason, isRefused: error.isRefused))
                }
            }
        }
        if let file = files.first(where: { $0.name == accounts }) { readAccounts(file, &result) }
        return result
    }

    /// `13912341234-password`: up to the first dash it is the number.
    private static func readAccounts(_ file: CredentialSystem.File, _ result: inout CredentialImport) {
        var seen: [[UInt8]: Int] = [:]
        for (line, text) in lines(file.bytes, keepsBlanks: true) {
            let origin = "\(file.name) line \(line)"
            do throws(RowProblem) {
                try check(text, "the line")
                guard let dash = text.firstIndex(of: UInt8(ascii: "-")), dash > 0, dash + 1 < text.count else {
                    throw .refused("it is not MOBILE-PASSWORD")
                }
                let mobile = Array(text[..<dash])
                let isEmail = mobile.contains(UInt8(ascii: "@"))
                guard isEmail ? mobile.count <= 200 : mobile.count <= 32 && mobile.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: "+") })
                else { throw .refused("what stands in front of the first '-' is neither a telephone number nor an e-mail address") }
                if let first = seen[mobile] { throw .skipped("the same account stands in line \(first)") }
                seen[mobile] = line
                var fields = LegacyFields()
                fields.set("name", "deepseek \(String(decoding: mobile, as: UTF8.self))")
                fields.set("provider", "deepseek")
                fields.set("tags", "deep-account")
                if isEmail { fields.set(parameter: "login_by", "email") }
                fields.set(secret: "username", mobile)
                fields.set(secret: "password", Array(text[(dash + 1)...]))
                result.rows.append(fields.row(origin: origin, noun: "credential"))
            } catch {
                result.leftOut.append(.init(origin: origin, reason: error.reason, isRefused: error.isRefused))
            }
        }
    }

    private static func check(_ bytes: [UInt8], _ what: String) throws(RowProblem) {
        guard bytes.count <= maximumToken else { throw .refused("\(what) has \(bytes.count) bytes, more than \(maximumToken)") }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .refused("\(what) is not valid UTF-8") }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .refused("\(what) has control characters") }
    }

    /// Without blanks around them, empty lines and a byte order mark (compat/tokenstatuscheck.md 3, row 7). Lines count from 1.
    /// - Parameter keepsBlanks: only line ends are taken away: a password may have blanks (row 30).
    private static func lines(_ bytes: [UInt8], keepsBlanks: Bool = false) -> [(line: Int, text: [UInt8])] {
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        return bytes.split(separator: .lineFeed, omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            let isBlank: (UInt8) -> Bool = { $0.isBlank || $0 == .carriageReturn }
            guard let first = line.firstIndex(where: { !isBlank($0) }), let last = line.lastIndex(where: { !isBlank($0) }) else { return nil }
            guard !keepsBlanks else { return (index + 1, Array(line.last == .carriageReturn ? line.dropLast() : line)) }
            return (index + 1, Array(line[first...last]))
        }
    }
}
