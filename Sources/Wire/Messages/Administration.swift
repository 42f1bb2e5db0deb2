/// The answer to `ping`.
public struct PingResponse: WireMessage {
    /// Unix milliseconds.
    public var serverTime: UInt64
    public init(serverTime: UInt64) { self.serverTime = serverTime }
    public init(from decoder: inout WireDecoder) throws(WireError) { serverTime = try decoder.u64("server_time") }
    public func encode(to encoder: inout WireEncoder) { encoder.u64(serverTime) }
}

/// What the daemon says of its state: named numbers and texts, in ascending order of their keys.
/// New keys may appear without a new version of the protocol.
public struct StatusResponse: WireMessage {
    public enum Value: Equatable, Sendable {
        case number(UInt64)
        case text(String)
    }

    public struct Entry: Equatable, Sendable {
        public var key: String
        public var value: Value
        public init(key: String, value: Value) {
            self.key = key
            self.value = value
        }
    }

    public let entries: [Entry]

    /// Sorts the entries by the bytes of their keys; of two with one key the later is kept.
    public init(_ entries: [Entry]) {
        let byKey = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        self.entries = byKey.values.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        entries = try decoder.list("entries", limit: 1_000) { decoder throws(WireError) in
            let key = try decoder.text("entry.key", limit: 128, minimum: 1)
            switch try decoder.u8("entry.kind") {
            case 0: return Entry(key: key, value: .number(try decoder.u64("entry.number")))
            case 1: return Entry(key: key, value: .text(try decoder.text("entry.text", limit: Limits.message)))
            default: throw WireError.unknownValue("entry.kind")
            }
        }
        for (first, second) in zip(entries, entries.dropFirst())
        where !Array(first.key.utf8).lexicographicallyPrecedes(Array(second.key.utf8)) {
            throw .notSorted("entries")
        }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.list(entries) { encoder, entry in
            encoder.text(entry.key)
            switch entry.value {
            case .number(let number): encoder.u8(0); encoder.u64(number)
            case .text(let text): encoder.u8(1); encoder.text(text)
            }
        }
    }
}

/// One finding of `doctor`.
public struct Finding: WireMessage {
    public enum Verdict: UInt8, Sendable { case good = 0, warning = 1, bad = 2 }

    /// What was looked at: `memory-lock`, `socket-mode`, …
    public var check: String
    public var verdict: Verdict
    public var message: String

    public init(check: String, verdict: Verdict, message: String) {
        self.check = check
        self.verdict = verdict
        self.message = message
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        check = try decoder.text("check", limit: 128, minimum: 1)
        guard let verdict = Verdict(rawValue: try decoder.u8("verdict")) else { throw .unknownValue("verdict") }
        self.verdict = verdict
        message = try decoder.text("message", limit: Limits.message)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.text(check)
        encoder.u8(verdict.rawValue)
        encoder.text(message)
    }
}

/// A list of one kind of message: the answers to `doctor` and `slot list`.
public struct MessageList<Item: WireMessage>: WireMessage {
    public var items: [Item]
    public init(_ items: [Item]) { self.items = items }
    public init(from decoder: inout WireDecoder) throws(WireError) {
        items = try decoder.list("items", limit: 1_000) { decoder throws(WireError) in try Item(from: &decoder) }
    }
    public func encode(to encoder: inout WireEncoder) { encoder.list(items) { $1.encode(to: &$0) } }
}

/// A list of texts: the answers to `whoami` and `policy list`.
public struct TextList: WireMessage {
    public var items: [String]
    public init(_ items: [String]) { self.items = items }
    public init(from decoder: inout WireDecoder) throws(WireError) {
        items = try decoder.list("items", limit: 10_000) { decoder throws(WireError) in
            try decoder.text("item", limit: Limits.message)
        }
    }
    public func encode(to encoder: inout WireEncoder) { encoder.list(items) { $0.text($1) } }
}

/// The answer to every change: where the store stands after it.
public struct ChangeResponse: WireMessage {
    public var revision: UInt64
    public init(revision: UInt64) { self.revision = revision }
    public init(from decoder: inout WireDecoder) throws(WireError) { revision = try decoder.u64("revision") }
    public func encode(to encoder: inout WireEncoder) { encoder.u64(revision) }
}

/// The kinds of slots. formats.md 2.
public enum SlotKind: UInt8, Sendable, CaseIterable {
    case keyFile = 1
    case passphrase = 2
    case credential = 3
    case recovery = 4
}

/// Opens a locked store: the secret of a slot of this kind.
public struct UnlockRequest: WireMessage {
    public var kind: SlotKind
    public var secret: [UInt8]

    public init(kind: SlotKind, secret: [UInt8]) {
        self.kind = kind
        self.secret = secret
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let kind = SlotKind(rawValue: try decoder.u8("kind")) else { throw .unknownValue("kind") }
        self.kind = kind
        secret = try decoder.bytes16("secret", limit: Limits.slotSecret, minimum: 1)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u8(kind.rawValue)
        encoder.bytes16(secret)
    }
}

/// Adds a slot. A recovery key is drawn by the daemon: its `secret` is empty. The secret of a key file or
/// credential is 32 bytes that the client drew and wrote; that of a passphrase is the passphrase.
public struct SlotAddRequest: WireMessage {
    public var kind: SlotKind
    public var label: String
    public var secret: [UInt8]

    public init(kind: SlotKind, label: String, secret: [UInt8]) {
        self.kind = kind
        self.label = label
        self.secret = secret
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let kind = SlotKind(rawValue: try decoder.u8("kind")) else { throw .unknownValue("kind") }
        self.kind = kind
        label = try decoder.text("label", limit: Limits.label)
        secret = try decoder.bytes16("secret", limit: Limits.slotSecret)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u8(kind.rawValue)
        encoder.text(label)
        encoder.bytes16(secret)
    }
}

public struct SlotAddResponse: WireMessage {
    public var id: UInt32
    /// The recovery key as people write it down; empty for the other kinds. It is shown this once.
    public var recoveryKey: String

    public init(id: UInt32, recoveryKey: String) {
        self.id = id
        self.recoveryKey = recoveryKey
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        id = try decoder.u32("id")
        recoveryKey = try decoder.text("recovery_key", limit: 255)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u32(id)
        encoder.text(recoveryKey)
    }
}

public struct SlotRemoveRequest: WireMessage {
    public var id: UInt32
    public init(id: UInt32) { self.id = id }
    public init(from decoder: inout WireDecoder) throws(WireError) { id = try decoder.u32("id") }
    public func encode(to encoder: inout WireEncoder) { encoder.u32(id) }
}

public struct SlotEntry: WireMessage {
    public var id: UInt32
    public var kind: SlotKind
    public var label: String
    /// Unix milliseconds.
    public var created: UInt64
    /// Whether this slot opened the store this time.
    public var inUse: Bool

    public init(id: UInt32, kind: SlotKind, label: String, created: UInt64, inUse: Bool) {
        self.id = id
        self.kind = kind
        self.label = label
        self.created = created
        self.inUse = inUse
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        id = try decoder.u32("id")
        guard let kind = SlotKind(rawValue: try decoder.u8("kind")) else { throw .unknownValue("kind") }
        self.kind = kind
        label = try decoder.text("label", limit: Limits.label)
        created = try decoder.u64("created")
        inUse = try decoder.bool("in_use")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u32(id)
        encoder.u8(kind.rawValue)
        encoder.text(label)
        encoder.u64(created)
        encoder.bool(inUse)
    }
}

/// Replaces the policies that the YAML source names.
public struct PolicyApplyRequest: WireMessage {
    public var source: [UInt8]
    public var dryRun: Bool

    public init(source: [UInt8], dryRun: Bool) {
        self.source = source
        self.dryRun = dryRun
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        source = try decoder.bytes32("source", limit: Limits.policySource)
        dryRun = try decoder.bool("dry_run")
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bytes32(source)
        encoder.bool(dryRun)
    }
}

public struct PolicyApplyResponse: WireMessage {
    public var revision: UInt64
    /// One line for each policy and for each rule that can never match here.
    public var report: [String]

    public init(revision: UInt64, report: [String]) {
        self.revision = revision
        self.report = report
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        revision = try decoder.u64("revision")
        report = try TextList(from: &decoder).items
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(revision)
        TextList(report).encode(to: &encoder)
    }
}

/// Names a policy: `policy show`, `policy delete`.
public struct PolicyNameRequest: WireMessage {
    public var name: String
    public init(name: String) { self.name = name }
    public init(from decoder: inout WireDecoder) throws(WireError) {
        name = try decoder.text("name", limit: Limits.otherName, minimum: 1)
    }
    public func encode(to encoder: inout WireEncoder) { encoder.text(name) }
}

public struct PolicyShowResponse: WireMessage {
    public var revision: UInt64
    public var source: [UInt8]

    public init(revision: UInt64, source: [UInt8]) {
        self.revision = revision
        self.source = source
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        revision = try decoder.u64("revision")
        source = try decoder.bytes32("source", limit: Limits.policySource)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u64(revision)
        encoder.bytes32(source)
    }
}

/// Asks which rule would decide. Without selectors: for the caller itself.
public struct ExplainRequest: WireMessage {
    public var selectors: [String]
    public var noun: String
    public var action: String
    public var name: [UInt8]

    public init(selectors: [String], noun: String, action: String, name: [UInt8]) {
        self.selectors = selectors
        self.noun = noun
        self.action = action
        self.name = name
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        selectors = try decoder.list("selectors", limit: 64) { decoder throws(WireError) in
            try decoder.text("selector", limit: Limits.message, minimum: 1)
        }
        noun = try decoder.text("noun", limit: 64, minimum: 1)
        action = try decoder.text("action", limit: 64, minimum: 1)
        name = try decoder.bytes16("name", limit: Limits.label)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.list(selectors) { $0.text($1) }
        encoder.text(noun)
        encoder.text(action)
        encoder.bytes16(name)
    }
}

public struct ExplainResponse: WireMessage {
    public var allowed: Bool
    /// The policy whose rule allowed it; empty where none did.
    public var policy: String
    /// Number of that rule in its policy, from 1; 0 where none allowed it or no rule was needed.
    public var rule: UInt32
    /// Sentences for people: why, and what is unknown here.
    public var notes: [String]

    public init(allowed: Bool, policy: String, rule: UInt32, notes: [String]) {
        self.allowed = allowed
        self.policy = policy
        self.rule = rule
        self.notes = notes
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        allowed = try decoder.bool("allowed")
        policy = try decoder.text("policy", limit: Limits.otherName)
        rule = try decoder.u32("rule")
        notes = try TextList(from: &decoder).items
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.bool(allowed)
        encoder.text(policy)
        encoder.u32(rule)
        TextList(notes).encode(to: &encoder)
    }
}
