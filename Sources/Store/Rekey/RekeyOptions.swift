/// When record keys give way to new ones, and how fast the old ones go.
public struct RekeyOptions: Sendable, Equatable {
    /// Records that are sealed anew in a second, at most; 0: as fast as the writer takes them.
    public var recordsPerSecond: UInt64 = 2_000
    /// Whether a key that has reached its limit or age is dropped once nothing names it any more; without, it stays for opening.
    public var dropsOldKeys = true
    /// Milliseconds after which a record key gives way to a new one; 0: never by its age.
    public var every: UInt64 = 90 * 86_400_000
    /// Whether a change that was begun goes on by itself, and keys go by their age. False for who opens a store only for a moment.
    public var isAutomatic = true
    public init() {}
}

/// A record key, as status shows it: everything but the key.
public struct RecordKeySummary: Sendable, Equatable {
    public enum State: UInt8, Sendable { case sealing = 1, openingOnly = 2, leaving = 3, held = 4 }
    public var id: UInt32
    public var suite: String
    public var state: State
    /// Unix milliseconds; 0: not known.
    public var created: UInt64
    /// Seals that were reserved so far, and how many the key may make.
    public var seals: UInt64
    public var limit: UInt64
}

/// Where the change of the record keys stands.
public struct RekeyStatus: Sendable, Equatable {
    public enum Phase: UInt8, Sendable {
        /// No key is on its way out.
        case idle = 0
        case running = 1
        /// A person stopped it.
        case held = 2
        /// It cannot go on at the moment: ``RekeyStatus/note`` says why. It tries again by itself.
        case waiting = 3
    }

    public var phase: Phase
    /// All record keys, by their ids; exactly one of them seals.
    public var keys: [RecordKeySummary]
    /// Records that were looked at in this pass, of about how many. Both 0 where nothing runs.
    public var done: UInt64
    public var total: UInt64
    /// Records that were sealed anew since the store was opened.
    public var resealed: UInt64
    /// When the key that seals now was drawn, and so the change begun; Unix milliseconds.
    public var started: UInt64
    /// For people; empty where there is nothing to say.
    public var note: String
}
