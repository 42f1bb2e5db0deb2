import CofferStore

extension AuditRecord {
    /// What a record has as the result of an error of the store: the number that protocol.md, "Errors", gives it.
    public static func result(of error: StoreError) -> UInt16 {
        switch error.code {
        case .busy: 6
        case .locked: 9
        case .notFound: 11
        case .conflict, .alreadyExists, .notEmpty, .newer: 12
        case .budgetExhausted, .walletExhausted, .dayExhausted, .monthExhausted, .inFlightExhausted: 12
        case .invalidName: 13
        case .invalidArgument: 14
        case .expired: 15
        case .versionNotFound: 16
        case .deleted: 17
        case .resync: 19
        case .full: 20
        case .damaged, .unknownFormat, .unknownSuite, .unknownKey, .rolledBack, .notAStore: 21
        case .outcomeUnknown: 23
        case .unlockFailed: 24
        case .lastSlot: 25
        case .readOnly: 26
        case .audit: 38
        default: 22
        }
    }
}
