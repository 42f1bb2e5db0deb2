import Atomics

// The environment that is read and written now.
extension Store {
    /// The one that is read and written now. It is another one after a restore, and after the files were opened again.
    var environment: Environment { monitor.locked { presentEnvironment } }

    /// The same, counting the caller as a user until it calls `release`.
    func retainEnvironment() throws(StoreError) -> Environment {
        try monitor.locked { () throws(StoreError) in
            try presentEnvironment.retain()
            return presentEnvironment
        }
    }

    /// From now on everybody reads another environment, with other keys; those that are inside the old one leave it when they next
    /// begin. On the writer's thread, which gives the old one back.
    func move(to environment: Environment, keys: KeySet?) {
        monitor.locked {
            presentEnvironment = environment
            state.keys = keys
            for reader in readers { reader.inbox.post(movedWith: keys) }
        }
        signal.wrappingIncrement(ordering: .releasing)
        evictIdleReaders()
    }

    /// Takes their transactions from readers that are not inside one: they may stay idle for long.
    func evictIdleReaders() {
        for seat in monitor.locked({ readers.map(\.seat) }) { seat.evict() }
    }

    /// Names of generations that lie beside the present one. They open with the same key. Blocks for the folder.
    public func keptGenerations() -> [String] { folder.keptGenerations().map(\.name) }
}
