import Synchronization

/// One piece of work of a kind at a time: who asks while it runs waits for the same result. Whoever goes away does not stop it.
final class SharedWork<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let running = Mutex<[Key: Task<Value, Never>]>([:])

    func run(_ key: Key, _ work: @escaping @Sendable () async -> Value) async -> Value {
        let task = running.withLock { running in
            if let present = running[key] { return present }
            let task = Task {
                let value = await work()
                self.running.withLock { $0[key] = nil }
                return value
            }
            running[key] = task
            return task
        }
        return await task.value
    }
}
