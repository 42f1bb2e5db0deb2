import CofferWire

/// What a watch reports.
public enum WatchUpdate: Sendable {
    /// A secret changed.
    case change(WatchChange)
    /// Changes may have been missed: read again what matters. The watch goes on behind this position.
    case resync(Position)
}

/// A change of a secret.
public struct WatchChange: Sendable {
    /// The revision of the store that made the change.
    public let revision: UInt64
    /// Place within the revision, from 0.
    public let ordinal: UInt32
    /// Whether this is the last change of its revision for this watch.
    public let last: Bool
    /// What happened.
    public let operation: ChangeOperation
    /// The version concerned; 0: the whole name.
    public let version: UInt64
    /// The name's bytes.
    public let name: [UInt8]
    /// The active value after the change, where the watch asked for values and the change set one.
    public let value: SecretBytes?
    /// Where a later watch goes on without a gap: behind the last revision that was reported whole.
    public internal(set) var position: Position

    /// Decodes what follows the kind of an event, without a copy of the value in memory that is not wiped.
    init(from decoder: inout WireDecoder) throws(WireError) {
        revision = try decoder.u64("revision")
        ordinal = try decoder.u32("ordinal")
        last = try decoder.bool("last")
        guard let operation = ChangeOperation(rawValue: try decoder.u8("operation")) else {
            throw .unknownValue("operation")
        }
        self.operation = operation
        version = try decoder.u64("version")
        name = try decoder.bytes16("name", limit: Limits.secretName, minimum: 1)
        value = try decoder.optional("value") { decoder throws(WireError) in
            SecretBytes(copying: try decoder.slice32("value", limit: Limits.value))
        }
        position = Position(incarnation: .zero, revision: 0)
    }
}

/// What arrives for a watch.
typealias WatchPiece = SubscriptionPiece<WatchUpdate>

extension WatchUpdate {
    static func decode(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, _ final: Bool, _ hello: HelloResponse
    ) throws(WireError) -> Result<WatchPiece?, ClientError> {
        try WatchPiece.decode(kind, body) { decoder throws(WireError) in
            switch try decoder.u8("event") {
            case 1: .change(try WatchChange(from: &decoder))
            case 2: .resync(try Position(from: &decoder))
            default: throw WireError.unknownValue("event")
            }
        }
    }
}

/// Where a watch stands: which changes were reported, and so which to leave out when they come again.
struct WatchCursor: SubscriptionCursor {
    /// Behind the last revision that was reported whole.
    private(set) var position: Position
    /// The revision of which a part was reported, and its last ordinal.
    private var partial: (revision: UInt64, ordinal: UInt32)?

    init(_ position: Position) { self.position = position }

    /// Takes note of an update.
    /// - Returns: what to report; `nil` for a change that was reported before the connection broke.
    mutating func take(_ update: WatchUpdate) -> WatchUpdate? {
        switch update {
        case .resync(let position):
            restart(at: position)
            return update
        case .change(var change):
            let isKnown =
                partial.map { $0.revision == change.revision && change.ordinal <= $0.ordinal } ?? false
            if change.last {
                position.revision = change.revision
                partial = nil
            } else if !isKnown {
                partial = (change.revision, change.ordinal)
            }
            change.position = position
            return isKnown ? nil : .change(change)
        }
    }

    static func resync(_ position: Position) -> WatchUpdate { .resync(position) }

    mutating func restart(at position: Position) {
        self.position = position
        partial = nil
    }
}
