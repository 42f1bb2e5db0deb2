/// What a new file is locked with.
public enum AgeLock: Sendable {
    /// Each of them opens it alone: 1 to 1,000.
    case recipients([AgeRecipient])
    /// Work factor: base-two logarithm of scrypt's cost, 1 to 22; it takes 1 KiB of memory times the cost while the lock is made,
    /// and as much to open it. ``AgeLock/defaultWorkFactor`` is 257 MiB and about a second.
    case passphrase(AgePassphrase, workFactor: Int)

    /// (formats.md 21)
    public static let defaultWorkFactor = 18
}

/// What a file is opened with.
public enum AgeUnlock: Sendable {
    case identities([AgeIdentity])
    /// A file whose work factor is above the limit is refused before any work; the limit is never above
    /// ``AgeUnlock/highestWorkFactor``, which is 4 GiB of memory.
    case passphrase(AgePassphrase, largestWorkFactor: Int)
    /// The file that this key was drawn for: all of it is proven but the recipients' stanzas.
    case fileKey(AgeFileKey)

    /// 1 GiB of memory and some seconds (formats.md 21).
    public static let defaultLargestWorkFactor = 20
    public static let highestWorkFactor = 22
}
