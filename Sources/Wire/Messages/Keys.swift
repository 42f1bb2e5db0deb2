/// Gives a slot a new secret of its kind. A recovery key is drawn by the daemon: its `secret` is empty.
public struct SlotRotateRequest: WireMessage {
    public var id: UInt32
    /// The slot's: a number that was given to another slot meanwhile does no harm.
    public var kind: SlotKind
    public var secret: [UInt8]

    public init(id: UInt32, kind: SlotKind, secret: [UInt8]) {
        self.id = id
        self.kind = kind
        self.secret = secret
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        id = try decoder.u32("id")
        guard let kind = SlotKind(rawValue: try decoder.u8("kind")) else { throw .unknownValue("kind") }
        self.kind = kind
        secret = try decoder.bytes16("secret", limit: Limits.slotSecret)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u32(id)
        encoder.u8(kind.rawValue)
        encoder.bytes16(secret)
    }
}

/// Proves that a secret opens a slot, and changes nothing.
public struct SlotRehearseRequest: WireMessage {
    /// 0: any slot of the kind.
    public var id: UInt32
    public var kind: SlotKind
    public var secret: [UInt8]

    public init(id: UInt32, kind: SlotKind, secret: [UInt8]) {
        self.id = id
        self.kind = kind
        self.secret = secret
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        id = try decoder.u32("id")
        guard let kind = SlotKind(rawValue: try decoder.u8("kind")) else { throw .unknownValue("kind") }
        self.kind = kind
        secret = try decoder.bytes16("secret", limit: Limits.slotSecret, minimum: 1)
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u32(id)
        encoder.u8(kind.rawValue)
        encoder.bytes16(secret)
    }
}

public struct SlotRehearseResponse: WireMessage {
    /// The slot that opened.
    public var id: UInt32
    public init(id: UInt32) { self.id = id }
    public init(from decoder: inout WireDecoder) throws(WireError) { id = try decoder.u32("id") }
    public func encode(to encoder: inout WireEncoder) { encoder.u32(id) }
}

/// Looks at the change of the record keys, begins it (or goes on with one that was stopped), or stops it.
public struct RekeyRequest: WireMessage {
    public enum Act: UInt8, Sendable, CaseIterable { case state = 0, start = 1, stop = 2 }
    public var act: Act

    public init(act: Act) { self.act = act }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let act = Act(rawValue: try decoder.u8("act")) else { throw .unknownValue("act") }
        self.act = act
    }

    public func encode(to encoder: inout WireEncoder) { encoder.u8(act.rawValue) }
}

/// Where the change of the record keys stands.
public struct RekeyResponse: WireMessage {
    public enum Phase: UInt8, Sendable, CaseIterable { case idle = 0, running = 1, stopped = 2, waiting = 3 }

    /// A record key, without the key.
    public struct Key: WireMessage {
        public enum State: UInt8, Sendable, CaseIterable { case sealing = 1, opening = 2, leaving = 3, stopped = 4 }
        public var id: UInt32
        public var state: State
        public var suite: String
        /// Unix milliseconds; 0: not known.
        public var created: UInt64
        public var seals: UInt64
        public var limit: UInt64

        public init(id: UInt32, state: State, suite: String, created: UInt64, seals: UInt64, limit: UInt64) {
            self.id = id
            self.state = state
            self.suite = suite
            self.created = created
            self.seals = seals
            self.limit = limit
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            id = try decoder.u32("key.id")
            guard let state = State(rawValue: try decoder.u8("key.state")) else { throw .unknownValue("key.state") }
            self.state = state
            suite = try decoder.text("key.suite", limit: 64, minimum: 1)
            created = try decoder.u64("key.created")
            seals = try decoder.u64("key.seals")
            limit = try decoder.u64("key.limit")
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.u32(id)
            encoder.u8(state.rawValue)
            encoder.text(suite)
            encoder.u64(created)
            encoder.u64(seals)
            encoder.u64(limit)
        }
    }

    public var phase: Phase
    /// Records that were looked at in this pass, of about how many.
    public var done: UInt64
    public var total: UInt64
    /// Sealed anew since the daemon was started.
    public var resealed: UInt64
    /// Unix milliseconds; 0: nothing was begun.
    public var started: UInt64
    public var note: String
    public var keys: [Key]

    public init(phase: Phase, done: UInt64, total: UInt64, resealed: UInt64, started: UInt64, note: String, keys: [Key]) {
        self.phase = phase
        self.done = done
        self.total = total
        self.resealed = resealed
        self.started = started
        self.note = note
        self.keys = keys
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        guard let phase = Phase(rawValue: try decoder.u8("phase")) else { throw .unknownValue("phase") }
        self.phase = phase
        done = try decoder.u64("done")
        total = try decoder.u64("total")
        resealed = try decoder.u64("resealed")
        started = try decoder.u64("started")
        note = try decoder.text("note", limit: Limits.message)
        keys = try decoder.list("keys", limit: 1_000) { decoder throws(WireError) in try Key(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.u8(phase.rawValue)
        encoder.u64(done)
        encoder.u64(total)
        encoder.u64(resealed)
        encoder.u64(started)
        encoder.text(note)
        encoder.list(keys) { encoder, key in key.encode(to: &encoder) }
    }
}

/// Replaces the root key. Each slot of the store is either kept or dropped.
public struct RekeyRootRequest: WireMessage {
    /// A slot that is kept, with the secret that it has. Of a recovery key, which is drawn anew, the secret is empty.
    public struct Kept: WireMessage {
        public var id: UInt32
        public var kind: SlotKind
        public var secret: [UInt8]

        public init(id: UInt32, kind: SlotKind, secret: [UInt8]) {
            self.id = id
            self.kind = kind
            self.secret = secret
        }

        public init(from decoder: inout WireDecoder) throws(WireError) {
            id = try decoder.u32("slot.id")
            guard let kind = SlotKind(rawValue: try decoder.u8("slot.kind")) else { throw .unknownValue("slot.kind") }
            self.kind = kind
            secret = try decoder.bytes16("slot.secret", limit: Limits.slotSecret)
        }

        public func encode(to encoder: inout WireEncoder) {
            encoder.u32(id)
            encoder.u8(kind.rawValue)
            encoder.bytes16(secret)
        }
    }

    public var dropped: [UInt32]
    public var kept: [Kept]

    public init(dropped: [UInt32], kept: [Kept]) {
        self.dropped = dropped
        self.kept = kept
    }

    public init(from decoder: inout WireDecoder) throws(WireError) {
        dropped = try decoder.list("dropped", limit: Limits.slots) { decoder throws(WireError) in try decoder.u32("dropped.id") }
        kept = try decoder.list("kept", limit: Limits.slots) { decoder throws(WireError) in try Kept(from: &decoder) }
    }

    public func encode(to encoder: inout WireEncoder) {
        encoder.list(dropped) { $0.u32($1) }
        encoder.list(kept) { encoder, slot in slot.encode(to: &encoder) }
    }
}

/// The recovery keys that were drawn, shown this once.
public struct RekeyRootResponse: WireMessage {
    public var recoveryKeys: [SlotAddResponse]
    public init(recoveryKeys: [SlotAddResponse]) { self.recoveryKeys = recoveryKeys }
    public init(from decoder: inout WireDecoder) throws(WireError) {
        recoveryKeys = try decoder.list("recovery_keys", limit: Limits.slots) { decoder throws(WireError) in
            try SlotAddResponse(from: &decoder)
        }
    }
    public func encode(to encoder: inout WireEncoder) { encoder.list(recoveryKeys) { encoder, key in key.encode(to: &encoder) } }
}
