/// Is told of commits and of locking, on the writer's thread; must not block.
public protocol CommitListener: AnyObject, Sendable {
    /// Changes of one group commit, in order.
    func committed(_ changes: [Change])
    /// The store was locked (true) or unlocked (false).
    func lockChanged(locked: Bool)
    /// A restored generation is about to take the present one's place: what is known of the store's content is void. Without a listener's
    /// own answer it is told of a lock.
    func restoring()
    /// The restored generation is there, in a new incarnation. Without a listener's own answer it is told of an unlock.
    func restored()
    /// The answers to a group are being given (true), or have been (false): whoever passes them on to others may do so once, at the end.
    func answering(_ begins: Bool)
}

extension CommitListener {
    public func restoring() { lockChanged(locked: true) }
    public func restored() { lockChanged(locked: false) }
    public func answering(_ begins: Bool) {}
}
