/// What may be done. Each noun has its own (``Noun/actions``); one word means the same everywhere.
public enum Action: String, Sendable, CaseIterable {
    case get, info, list, put, activate, delete, destroy
    case lock, slots
    case create
    case verify, reserve, settle, reveal
    case token, refresh, check, report, run
    case rekey
    case scrub

    /// The number in stored policies and in compiled tables; never given to another action.
    var code: UInt8 {
        switch self {
        case .get: 0
        case .info: 1
        case .list: 2
        case .put: 3
        case .activate: 4
        case .delete: 5
        case .destroy: 6
        case .lock: 7
        // 8 was to be unlock, which no rule can give.
        case .slots: 9
        case .create: 10
        case .verify: 11
        case .reserve: 12
        case .settle: 13
        case .reveal: 14
        case .token: 15
        case .refresh: 16
        case .check: 17
        case .report: 18
        case .run: 19
        case .rekey: 20
        case .scrub: 21
        }
    }

    init?(code: UInt8) {
        guard let action = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = action
    }
}
