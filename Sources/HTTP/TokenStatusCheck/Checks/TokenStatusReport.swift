import CofferJSON

/// What was found of one token.
enum TokenVerdict: Equatable, Sendable {
    case valid, invalid
    /// The upstream could not be asked, or made no sense: neither alive nor dead.
    case unknown
}

/// What the check of a provider's tokens came to (compat/tokenstatuscheck.md 1.2 and 3).
struct TokenStatusReport: Equatable, Sendable {
    let total: Int
    let valid: Int
    /// From 1, ascending.
    let invalidPositions: [Int]
    let unknownPositions: [Int]

    init(_ verdicts: [TokenVerdict]) {
        func positions(_ verdict: TokenVerdict) -> [Int] { verdicts.indices.filter { verdicts[$0] == verdict }.map { $0 + 1 } }
        total = verdicts.count
        valid = verdicts.count { $0 == .valid }
        invalidPositions = positions(.invalid)
        unknownPositions = positions(.unknown)
    }

    /// Half is enough; nothing at all is not.
    var isGood: Bool { total > 0 && 2 * valid >= total }
    /// Nobody knows anything of any token.
    var isBlind: Bool { total > 0 && unknownPositions.count == total }

    var body: JSONValue {
        func list(_ positions: [Int]) -> JSONValue { .array(positions.map { .integer(Int64($0)) }) }
        var fields: [(String, JSONValue)] = [
            ("tokenStatus", .string(isGood ? "tokentrue" : "tokenfalse")), ("totalTokenCount", .integer(Int64(total))),
            ("invalidCount", .integer(Int64(invalidPositions.count))), ("invalidTokenPositions", list(invalidPositions)),
            ("validTokenPercentage", .string(Self.percentage(valid, of: total))),
        ]
        if !unknownPositions.isEmpty {
            fields += [("unknownCount", .integer(Int64(unknownPositions.count))), ("unknownTokenPositions", list(unknownPositions))]
        }
        return .object(fields)
    }

    /// At most two decimals, rounded half up, without zeros at their end; never 100 % while one is not alive, nor 0 % while one is.
    static func percentage(_ valid: Int, of total: Int) -> String {
        guard total > 0, valid > 0 else { return "0%" }
        guard valid < total else { return "100%" }
        let rounded = (valid * 20_000 + total) / (2 * total)
        let hundredths = min(max(rounded, 1), 9_999)
        let whole = hundredths / 100
        let rest = hundredths % 100
        if rest == 0 { return "\(whole)%" }
        if rest % 10 == 0 { return "\(whole).\(rest / 10)%" }
        return "\(whole).\(rest < 10 ? "0" : "")\(rest)%"
    }
}
