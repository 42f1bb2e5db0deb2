import Atomics

// Who follows the store: readers, each with its own transaction, and listeners.
extension Store {
    /// A reader for the calling thread's loop, with an index of its own; it must be used by one thread only.
    public func makeReader() throws(StoreError) -> StoreReader { try makeReader(indexed: true) }

    /// - Parameter indexed: whether it keeps sealed records in memory; without, each read goes to the map.
    public func makeReader(indexed: Bool) throws(StoreError) -> StoreReader {
        let index = indexed && options.indexBytes > 0 ? try SealedIndex(limit: options.indexBytes) : nil
        let inbox = ReaderInbox()
        let seat = ReaderSeat()
        // Known before it has a transaction: so it hears of every move of the environment.
        monitor.locked {
            inbox.post(keys: state.keys)
            readers.append((inbox, seat, index))
        }
        do throws(StoreError) {
            let reader = try StoreReader(store: self, index: index, inbox: inbox, seat: seat)
            signal.wrappingIncrement(ordering: .releasing)
            return reader
        } catch {
            forget(inbox)
            throw error
        }
    }

    func forget(_ inbox: ReaderInbox) {
        monitor.locked { readers.removeAll { $0.inbox === inbox } }
    }

    /// Is told of every commit, in order, on the writer's thread, after it is durable and before its answers are released.
    public func addListener(_ listener: any CommitListener) { monitor.locked { listeners.append(listener) } }
    public func removeListener(_ listener: any CommitListener) { monitor.locked { listeners.removeAll { $0 === listener } } }

    /// From now on nothing is committed that the witness was not told of before. To be set before the store is unlocked.
    public func setWitness(_ witness: (any CommitWitness)?) { monitor.locked { witnessSet = witness } }

    func tellListeners(_ body: (any CommitListener) -> Void) {
        for listener in monitor.locked({ listeners }) { body(listener) }
    }

    /// Makes a commit visible: first to the readers, then in the revision, then to the listeners (formats.md 17).
    func publish(_ indexChanges: [IndexChange], changes: [Change], revision: UInt64) {
        let (inboxes, listeners) = monitor.locked { (readers.filter { $0.index != nil }.map(\.inbox), self.listeners) }
        commitCount.wrappingIncrement(ordering: .relaxed)
        if !indexChanges.isEmpty { for inbox in inboxes { inbox.post(indexChanges) } }
        committed.store(revision, ordering: .releasing)
        signal.wrappingIncrement(ordering: .releasing)
        guard !changes.isEmpty else { return }
        for listener in listeners { listener.committed(changes) }
    }

    /// Hands the readers new keys, or takes them away.
    func publish(keys: KeySet?) {
        monitor.locked {
            state.keys = keys
            for reader in readers { reader.inbox.post(keys: keys) }
        }
        signal.wrappingIncrement(ordering: .releasing)
    }

    /// Tells the listeners around the step to a restored generation; in between no request should be begun.
    func aroundRestore(_ step: () -> Void) {
        let listeners = monitor.locked { self.listeners }
        moving.store(true, ordering: .sequentiallyConsistent)
        for listener in listeners { listener.restoring() }
        step()
        for listener in listeners { listener.restored() }
        moving.store(false, ordering: .releasing)
    }

    /// Whether a restored generation is taking the present one's place at this moment, and what follows the store is not yet behind it:
    /// whoever would ask policies and store together comes again in a moment.
    public var isMoving: Bool { moving.load(ordering: .acquiring) }

    func tellListeners(locked: Bool) {
        for listener in monitor.locked({ listeners }) { listener.lockChanged(locked: locked) }
    }

    var newRecordSuite: Suite { hasAES ? .aes256gcm : .xchacha20poly1305 }
}
