import CofferStore
import Synchronization

/// A reader of the store behind a lock, for threads that have none of their own.
final class SharedReader: Sendable {
    private let store: Store
    private let turn = Mutex(())
    /// Used by whoever has the turn.
    private nonisolated(unsafe) var reader: StoreReader?

    init(store: Store) { self.store = store }

    func read<T: Sendable>(_ body: (StoreReader) throws(StoreError) -> T) throws(StoreError) -> T {
        let result: Result<T, StoreError> = turn.withLock { _ in
            Result { () throws(StoreError) in
                let reader = if let reader { reader } else { try store.makeReader(indexed: false) }
                self.reader = reader
                try reader.begin()
                defer { reader.end() }
                return try body(reader)
            }
        }
        return try result.get()
    }

    /// On lock, and before the store closes.
    func forget() { turn.withLock { _ in reader = nil } }
}
