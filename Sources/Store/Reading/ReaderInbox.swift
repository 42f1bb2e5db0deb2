/// What a commit tells the index of a reader.
enum IndexChange: Sendable {
    /// The name's active record from now on. `hash`: its LMDB key without the version.
    case store(IndexKey, hash: [UInt8], version: UInt64, revision: UInt64, record: [UInt8])
    case remove(IndexKey, revision: UInt64)
    /// The same record, sealed with another key. `revision`: where the store stood then.
    case reseal(IndexKey, version: UInt64, revision: UInt64, record: [UInt8])

    var recordBytes: Int {
        switch self {
        case .store(_, _, _, _, let record), .reseal(_, _, _, let record): record.count
        case .remove: 0
        }
    }
}

/// What waits for one reader, in order (formats.md 17): records, keys and lock travel in the same queue.
final class ReaderInbox: @unchecked Sendable {
    enum Event: Sendable {
        case changes([IndexChange])
        /// Forget all records: too many changes to apply one by one.
        case reset
        /// The store was unlocked (or has a new key), or locked.
        case keys(KeySet?)
        /// Another environment took the place of the one that is read: a restored generation, or the same files opened again. With the
        /// keys that belong to it.
        case moved(KeySet?)
    }

    /// More changes than this wait: the reader starts over instead, so that a busy loop never grows the queue.
    private static let largestBacklog = 20_000
    private static let largestBacklogBytes = 16 << 20

    private let monitor = Monitor()
    private var events: [Event] = []
    private var backlog = 0
    private var backlogBytes = 0

    func post(_ changes: [IndexChange]) {
        monitor.locked {
            backlog += changes.count
            backlogBytes += changes.reduce(0) { $0 + $1.recordBytes }
            if backlog > Self.largestBacklog || backlogBytes > Self.largestBacklogBytes {
                // Keys must arrive; what they are to open is read anew.
                events = events.filter { event in
                    switch event {
                    case .keys, .moved: true
                    case .changes, .reset: false
                    }
                }
                events.append(.reset)
                backlog = 0
                backlogBytes = 0
            } else {
                events.append(.changes(changes))
            }
        }
    }

    func post(keys: KeySet?) { monitor.locked { events.append(.keys(keys)) } }

    func post(movedWith keys: KeySet?) { monitor.locked { events.append(.moved(keys)) } }

    func take() -> [Event] {
        monitor.locked {
            defer {
                events = []
                backlog = 0
                backlogBytes = 0
            }
            return events
        }
    }
}
