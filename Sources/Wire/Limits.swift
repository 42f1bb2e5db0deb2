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
    /// Slots of a store.
    public static let slots = 64
    /// Length of an error's message.
    public static let message = 4_096
}

/// The limits of records, API keys and their import (protocol.md, "Limits"). Lengths are bytes.
extension Limits {
    /// The noun of a record.
    public static let noun = 32
    /// The id of a record, and the cursor of a list of them.
    public static let recordID = 600
    /// Fields of a record, and of a filter.
    public static let recordFields = 64
    public static let recordFieldName = 64
    public static let recordFieldValue = 524_288
    /// What is kept apart from a record's fields: a password, an API key.
    public static let recordSecret = 65_536
    /// Records in one answer of a list.
    public static let recordPage = 1_000
    /// Records that one request deletes.
    public static let recordDeletions = 10_000
    /// An API key as somebody presents it.
    public static let apiKey = 512
    /// Name of a model.
    public static let model = 255
    /// The id that a reservation is given by its maker.
    public static let requestID = 128
    /// Most quota units in a cost, an amount or a quota.
    public static let units: UInt64 = 500_000_000_000_000
    /// How long a reservation may stay open, in milliseconds.
    public static let reservationLifetime: ClosedRange<UInt32> = 1_000...86_400_000
    /// Usage lines in one answer.
    public static let usageLines = 1_000
    /// Rows in one chunk of an import of accounts, and in all of it.
    public static let importChunkRows = 1_000
    public static let importRows = 200_000
    /// The name of the system that an import of accounts comes from.
    public static let importSource = 32
    /// Where a row comes from, for messages: `tokens 12`.
    public static let rowOrigin = 128
    /// Secrets of one row, and the name of one.
    public static let rowSecrets = 16
    public static let rowSecretName = 32
    /// Notes in the answer to an import of accounts, and the text of one.
    public static let importNotes = 2_000
    public static let importNote = 300
}

/// The limits of credentials and their tokens (protocol.md, "Limits"). Lengths are bytes.
extension Limits {
    /// What a token is: `access`, `share`, …
    public static let tokenKind = 64
    /// A token of somebody else's.
    public static let token = 65_536
    /// What names a caller that wants the same member of a pool again.
    public static let stickyKey = 128
    /// The id of a lease.
    public static let lease = 16
    /// How a credential stands, in one word: `needs-person`.
    public static let stateWord = 32
    /// What is to be done with a record: `refresh`.
    public static let verb = 32
    /// What came of it, for people.
    public static let actResult = 1_024
    /// Rows in one import of credentials.
    public static let credentialRows = 1_000
}

/// The limits of backups (protocol.md, "Limits"). Lengths are bytes.
extension Limits {
    /// What one chunk of a backup carries.
    public static let backupChunk = 1_048_576
    public static let backupDigest = 32
    /// Kinds of things in a backup, and the name of one.
    public static let backupKinds = 256
    public static let backupKind = 64
    /// Patterns of names that a restore is held to.
    public static let restorePatterns = 100
    /// Names in the verdict of a restore.
    public static let restoreNames = 1_000
    /// Backups in the list of scheduled ones.
    public static let scheduledBackups = 1_000
}

/// The limits of scrubs (protocol.md, "Limits"). Lengths are bytes.
extension Limits {
    /// Tables in the result of a scrub, and the name of one.
    public static let scrubTables = 256
    public static let scrubTable = 64
    /// Findings in one answer.
    public static let scrubFindings = 400
    public static let scrubMessage = 1_024
}

/// The limits of the audit log (protocol.md, "Limits"). Lengths are bytes.
extension Limits {
    /// A selector, and what selectors a record has.
    public static let selector = 255
    public static let selectors = 32
    /// A noun's or an action's word.
    public static let auditWord = 32
    /// A pattern of names, and a name in a record.
    public static let auditName = 1_024
    /// A record's note.
    public static let auditNote = 1_024
    /// Records in one answer of a search.
    public static let auditPage = 1_000
    /// Findings in the answer to a verification.
    public static let auditFindings = 1_000
}

/// The protocol versions that this code speaks.
public enum ProtocolVersion {
    public static let minimum: UInt16 = 1
    public static let maximum: UInt16 = 1
}

/// The feature bits of the handshake (protocol.md, "The connection").
public enum ProtocolFeature {
    /// The server carries out the operations on records and API keys, from 0x0400 on.
    public static let accounts: UInt64 = 1 << 0
    /// The server carries out the operations on credentials, from 0x0500 on. Only their answers have the errors from 30 on.
    public static let credentials: UInt64 = 1 << 1
    /// Any answer can have the error `auditUnavailable`; who does not know it is told `busy`.
    public static let audit: UInt64 = 1 << 2
    /// All that this code knows.
    public static let all = accounts | credentials | audit
}
