/// Why the store refused. The message names what was wrong and never contains a value or a key.
public struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A code is a value, not an enum, so that later versions can add some.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        // What a caller asked for.
        public static let invalidName = Code("invalid-name")
        public static let invalidArgument = Code("invalid-argument")
        public static let notFound = Code("not-found")
        public static let versionNotFound = Code("version-not-found")
        public static let deleted = Code("deleted")
        public static let expired = Code("expired")
        public static let conflict = Code("conflict")
        public static let resync = Code("resync")

        // What a quota refuses.
        public static let budgetExhausted = Code("budget-exhausted")
        public static let walletExhausted = Code("wallet-exhausted")
        public static let dayExhausted = Code("day-exhausted")
        public static let monthExhausted = Code("month-exhausted")
        /// As many reservations are open as may be at once.
        public static let inFlightExhausted = Code("in-flight-exhausted")

        // What the store can do now.
        public static let locked = Code("locked")
        public static let busy = Code("busy")
        public static let readOnly = Code("read-only")
        public static let full = Code("store-full")
        /// The audit log cannot be written: nothing was changed.
        public static let audit = Code("audit-unavailable")
        /// Nothing was changed.
        public static let failed = Code("failed")
        /// The change may or may not be there.
        public static let outcomeUnknown = Code("outcome-unknown")

        // What lies on the disk.
        /// Bytes that do not authenticate where they lie: changed, moved or sealed with another key.
        public static let damaged = Code("damaged")
        public static let notAStore = Code("not-a-store")
        public static let alreadyExists = Code("already-exists")
        /// Another process, or this one, has the store open.
        public static let inUse = Code("in-use")
        public static let unknownFormat = Code("unknown-format")
        public static let unknownSuite = Code("unknown-suite")
        public static let unknownKey = Code("unknown-key")
        public static let unwritable = Code("unwritable")
        /// The folder or a file of the store belongs to somebody else, or others may write it.
        public static let notOurs = Code("not-ours")
        public static let system = Code("system")
        /// The store is older than it was before: somebody put an earlier copy in its place.
        public static let rolledBack = Code("rolled-back")
        /// A restore was asked for that only an empty store may have.
        public static let notEmpty = Code("not-empty")
        /// The store went on after the backup was taken, and a restore would lose that.
        public static let newer = Code("newer")
        /// The process was forked after the store was opened.
        public static let forked = Code("forked")

        // Slots.
        public static let unlockFailed = Code("unlock-failed")
        public static let lastSlot = Code("last-slot")
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
