/// Why a text is no selector, or why its name could not be resolved. Each case carries the selector as written.
public enum SelectorError: Error, Hashable, Sendable {
    case unknown(String)
    case noValue(String)
    case tooLong(String)
    case controlCharacter(String)
    case badNumber(String)
    case badUnit(String)
    case badPath(String)
    case noSuchAccount(String)
    case noSuchGroup(String)
    /// The account database did not answer: an errno value.
    case lookupFailed(String, Int32)
    /// `--as` names two of what a caller has only one of.
    case twice(String)
}

extension SelectorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknown(let text): "unknown selector '\(Self.short(text))'; it may be \(Selector.words.joined(separator: ", "))"
        case .noValue(let text): "selector '\(Self.short(text))' has no value"
        case .tooLong(let text): "selector '\(Self.short(text))' is too long"
        case .controlCharacter(let text): "selector '\(Self.short(text))' has a control character"
        case .badNumber(let text): "selector '\(Self.short(text))' needs a number from 0 to 4294967294"
        case .badUnit(let text):
            "selector '\(Self.short(text))' needs the cgroup path below system.slice, such as unit:web.service"
        case .badPath(let text): "selector '\(Self.short(text))' needs an absolute path without '.', '..' and empty parts"
        case .noSuchAccount(let text): "'\(Self.short(text))': there is no such account on this machine"
        case .noSuchGroup(let text): "'\(Self.short(text))': there is no such group on this machine"
        case .lookupFailed(let text, let code): "'\(Self.short(text))': the account database failed (error \(code))"
        case .twice(let text): "'\(Self.short(text))': a caller has only one of these"
        }
    }

    /// At most 80 characters of what someone else wrote, without control characters: messages end in terminals and logs.
    static func short(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if result.count == 80 { return String(result) + "…" }
            result.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
        }
        return String(result)
    }
}
