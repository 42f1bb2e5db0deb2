// Changing the record keys.
extension Store {
    /// Draws a new record key and has all that the earlier ones sealed sealed anew in the background; then they are dropped. Goes on by
    /// itself when the store is opened again. While it runs, or is held, no further key is drawn: what is there goes on. Blocks for a commit.
    /// - Throws: `locked`, `read-only`, `store-full`, …
    public func startRekey() throws(StoreError) {
        try administer { (core) throws(StoreError) in try core.beginRekey() }
        rekeyer.wake()
    }

    /// Holds it until ``startRekey()``, also when the store is opened again. Blocks for a commit.
    public func holdRekey() throws(StoreError) {
        try administer { (core) throws(StoreError) in try core.holdRekey() }
        rekeyer.wake()
    }

    /// - Throws: `locked`.
    public func rekeyStatus() throws(StoreError) -> RekeyStatus {
        let (header, keys) = monitor.locked { (state.header, state.keys) }
        guard let keys else { throw StoreError(.locked, "the store is locked") }
        let recordKeys = try header.openKeyring(root: keys.root).recordKeys.sorted { $0.id < $1.id }
        let progress = rekeyer.progress
        var phase = RekeyStatus.Phase.idle
        if recordKeys.contains(where: { $0.state == .held }) { phase = .held }
        if recordKeys.contains(where: { $0.state == .leaving }) { phase = progress.note.isEmpty ? .running : .waiting }
        return RekeyStatus(
            phase: phase,
            keys: recordKeys.map {
                RecordKeySummary(
                    id: $0.id, suite: $0.suite.name, state: .init(rawValue: $0.state.rawValue) ?? .openingOnly, created: $0.created,
                    seals: $0.sealCount, limit: $0.limit)
            },
            done: progress.done, total: progress.total, resealed: progress.resealed,
            started: phase == .idle ? 0 : recordKeys.first { $0.state == .sealing }?.created ?? 0, note: progress.note)
    }

    /// Waits until a change that was begun is through, or cannot go on at the moment. Not for event loops.
    public func waitForRekey() throws(StoreError) -> RekeyStatus {
        rekeyer.waitUntilResting()
        return try rekeyStatus()
    }

    /// Looks at the age of the record keys, and begins what it asks for (``RekeyOptions/every``).
    func checkKeyAge() {
        // What cannot be begun now is tried with the next look.
        try? administer { (core) throws(StoreError) in try core.rekeyByAge() }
        rekeyer.wake()
    }

    // MARK: For the rekeyer

    /// `nil` while locked.
    var leavingKeys: (leaving: Set<UInt32>, incarnation: [UInt8])? {
        monitor.locked { state.keys.map { ($0.keyring.leaving, state.incarnation) } }
    }

    /// Runs `body` on the writer's thread and waits for it.
    func administer<T>(_ body: @escaping (WriterCore) throws(StoreError) -> T) throws(StoreError) -> T {
        nonisolated(unsafe) var answer: Result<T, StoreError>?
        try writer().administer { core in
            do throws(StoreError) { answer = .success(try body(core)) } catch { answer = .failure(error) }
        }
        guard let answer else { throw StoreError(.failed, "the store is closed") }
        return try answer.get()
    }

    /// Runs `body` with a read transaction of the calling thread.
    func reading<T>(_ body: (Transaction) throws(StoreError) -> T) throws(StoreError) -> T {
        let environment = try retainEnvironment()
        defer { environment.release() }
        let transaction = try Transaction.begin(environment, readOnly: true)
        defer { transaction.abort() }
        return try body(transaction)
    }
}
