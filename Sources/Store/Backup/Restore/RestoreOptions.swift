/// How a backup is put back (docs/backup-format.md).
public struct RestoreOptions: Sendable {
    public enum Mode: UInt8, Sendable {
        /// Only into a store that has nothing a person made (decisions 28).
        case intoEmpty = 0
        /// The store's content becomes the backup's; with ``RestoreOptions/only`` the names of secrets that it says, and nothing else.
        case replace = 1
        /// Adds what the store does not have, and changes nothing that it has.
        case merge = 2
    }

    public var mode: Mode
    /// Patterns over names of secrets, as in policies (formats.md 13), at most ``largestOnly``; empty: everything.
    public var only: [String]
    /// Replaces also where the store went on after the backup was taken.
    public var discardNewer: Bool
    /// Does everything but the last step, and tells what that would have changed.
    public var dryRun: Bool
    /// Who asks, as a selector (`uid:0`).
    public var principal: String
    /// Asked about each document that is taken; what it objects to ends the restore. `nil`: documents are taken as they are.
    public var check: DocumentCheck?

    public static let largestOnly = 100

    public init(
        mode: Mode, only: [String] = [], discardNewer: Bool = false, dryRun: Bool = false, principal: String = "", check: DocumentCheck? = nil
    ) {
        self.mode = mode
        self.only = only
        self.discardNewer = discardNewer
        self.dryRun = dryRun
        self.principal = principal
        self.check = check
    }
}
