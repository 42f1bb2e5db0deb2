import Synchronization

/// Names of model providers that clients said they use. The test suites of RAGFlow will not start before they see theirs again.
///
/// Behind a name there is no model, and the keys that came with it were not kept. In memory only, bounded.
final class AnnouncedProviders: Sendable {
    private static let mostUsers = 1_024
    private static let mostNames = 32
    static let longestName = 128
    private let names = Mutex<[UInt64: [String]]>([:])

    func names(of user: UInt64) -> [String] { names.withLock { $0[user] ?? [] } }

    /// - Returns: whether there was room.
    func add(_ name: String, user: UInt64) -> Bool {
        names.withLock { names in
            var own = names[user] ?? []
            if own.contains(name) { return true }
            guard own.count < Self.mostNames, names[user] != nil || names.count < Self.mostUsers else { return false }
            own.append(name)
            names[user] = own
            return true
        }
    }
}
