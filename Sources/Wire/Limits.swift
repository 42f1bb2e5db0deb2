/// The limits that protocol.md states once for everybody. Lengths are bytes.
public enum Limits {
    /// Largest value of a frame's length field after the handshake.
    public static let frame = 1_048_576 + 65_536
    /// Largest value of a frame's length field before the handshake is done.
    public static let handshakeFrame = 4_096
    /// Largest value of a secret.
    public static let value = 1_048_576
    /// Longest name of a secret.
    public static let secretName = 512
    /// Longest segment of a secret's name, between two slashes.
    public static let nameSegment = 255
    /// Longest name of anything else (policies, tenants, …).
    public static let otherName = 255
    /// Longest label.
    public static let label = 1_024
    /// Longest content type.
    public static let contentType = 255
    public static let metadataPairs = 64
    public static let metadataKey = 128
    public static let metadataValue = 512
    public static let tags = 64
    public static let tag = 128
    /// Requests of one connection that may be unfinished at once.
    public static let requestsInFlight = 256
    /// Unsent output of one connection at which the server stops reading it.
    public static let unsentOutput = 4 * 1_048_576
    /// Names in one page of a list.
    public static let pageSize = 1_000
    /// Versions that a secret may keep.
    public static let keptVersions = 100
    /// A policy file.
    public static let policySource = 262_144
    /// A passphrase or a slot's key.
    public static let slotSecret = 1_024
    /// Length of an error's message.
    public static let message = 4_096
}

/// The protocol versions that this code speaks.
public enum ProtocolVersion {
    public static let minimum: UInt16 = 1
    public static let maximum: UInt16 = 1
}
