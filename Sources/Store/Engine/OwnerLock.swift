import Glibc

/// The lock on a store's folder. It is given back when nobody holds it any more: the environments of all generations that are open do,
/// and whoever builds a new one.
final class OwnerLock: Sendable {
    private let descriptor: Int32
    private let opener = getpid()

    /// - Parameter descriptor: what ``StoreFolder/lockOwner()`` returned.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        // A child of fork leaves everything to its parent.
        if getpid() == opener { StoreFolder.unlockOwner(descriptor) }
    }
}
