import CofferStore

/// What was done. The numbers up to 39 are those of policies' actions; the others are the log's own. Never given to another.
public enum AuditAction: UInt8, Sendable, CaseIterable {
    case get = 0, info = 1, list = 2, put = 3, activate = 4, delete = 5, destroy = 6, lock = 7, unlock = 8, slots = 9, create = 10
    case verify = 11, reserve = 12, settle = 13, reveal = 14, token = 15, refresh = 16, check = 17, report = 18, run = 19
    case rekey = 20, scrub = 21
    case undelete = 40, update = 41, `import` = 42, export = 43, watch = 44
    case start = 45, stop = 46, add = 47, remove = 48, login = 49, request = 50, restore = 51, rotate = 52
    /// Somebody said that an older store is right.
    case acceptRollback = 53
    // What the log says of itself.
    /// A new file was begun; the oldest may have been removed.
    case segment = 60
    /// An unfinished end of a file was cut off.
    case recover = 61
    /// A break was acknowledged: the chain begins anew. With a digest: one finding of verify was accepted.
    case repair = 62
    /// What the records before say of these revisions did not happen.
    case notCommitted = 63
    /// Records could not be kept while the log could not be written.
    case lost = 64
    /// The log ended before the place that is kept outside of it: its end was cut off.
    case cut = 65

    /// For people and in filters.
    public var word: String {
        switch self {
        case .acceptRollback: "accept-rollback"
        case .notCommitted: "not-committed"
        default: "\(self)"
        }
    }

    public init(_ operation: Change.Operation) {
        self = switch operation {
        case .put: .put
        case .activate: .activate
        case .delete: .delete
        case .undelete: .undelete
        case .destroy: .destroy
        case .update: .update
        }
    }
}
