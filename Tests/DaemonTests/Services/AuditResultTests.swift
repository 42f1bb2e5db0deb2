import CofferAudit
import CofferStore
import CofferWire
import Testing

@testable import CofferDaemon

/// The log of a stopped store has the numbers that the daemon would have given.
@Suite struct AuditResultTests {
    @Test(arguments: [
        StoreError.Code.invalidName, .invalidArgument, .notFound, .versionNotFound, .deleted, .expired, .conflict, .resync, .budgetExhausted,
        .walletExhausted, .dayExhausted, .monthExhausted, .inFlightExhausted, .locked, .busy, .readOnly, .full, .audit, .failed,
        .outcomeUnknown, .damaged, .notAStore, .alreadyExists, .inUse, .unknownFormat, .unknownSuite, .unknownKey, .unwritable, .notOurs,
        .system, .rolledBack, .notEmpty, .newer, .forked, .unlockFailed, .lastSlot,
    ])
    func areTheDaemons(_ code: StoreError.Code) {
        let error = StoreError(code, "")
        #expect(AuditRecord.result(of: error) == Failure(error).code.rawValue)
    }
}
