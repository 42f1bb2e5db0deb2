import CofferWire

extension CofferClient {
    /// Gives a slot a new secret of its kind; the old one opens the store no longer. Not sent again after a break: whether the new one opens
    /// is told by ``slotRehearse(_:id:secret:timeout:)``.
    /// - Parameters:
    ///   - kind: the slot's.
    ///   - secret: a passphrase, or the 32 bytes of a key file or credential; empty for a recovery key, which the daemon draws.
    /// - Returns: the recovery key, where it is one; it is shown this once.
    /// - Throws: ``ClientError/Code/notFound``, ``ClientError/Code/lastSlot`` for the only slot where it is a recovery key, and others.
    public func slotRotate(
        _ id: UInt32, kind: SlotKind, secret: SecretBytes, timeout: Duration? = nil
    ) async throws -> SlotAddResponse {
        try Self.check(slotSecret: secret, minimum: 0)
        let body = RequestBody(SlotRotateRequest(id: id, kind: kind, secret: []), endingIn: secret, lengthSize: 2)
        return try await change(.slotRotate, body, timeout: timeout, repeatable: false)
    }

    /// Proves that a secret opens a slot, and changes nothing; works while the store is locked. A wrong one counts as a failed unlock.
    /// - Parameter id: of the slot; 0: any of the kind.
    /// - Returns: the slot that opened.
    /// - Throws: ``ClientError/Code/unlockFailed``, ``ClientError/Code/notFound``, and others.
    public func slotRehearse(_ kind: SlotKind, id: UInt32 = 0, secret: SecretBytes, timeout: Duration? = nil) async throws -> UInt32 {
        try Self.check(slotSecret: secret, minimum: 1)
        let body = RequestBody(SlotRehearseRequest(id: id, kind: kind, secret: []), endingIn: secret, lengthSize: 2)
        // Sent once: each attempt counts.
        let answer: SlotRehearseResponse = try await change(.slotRehearse, body, timeout: timeout, repeatable: false)
        return answer.id
    }

    /// Begins, stops or looks at the change of the record keys. Beginning again what runs already changes nothing.
    public func rekey(_ act: RekeyRequest.Act, timeout: Duration? = nil) async throws -> RekeyResponse {
        let request = RekeyRequest(act: act)
        if act == .state { return try await read(.rekey, request, timeout: timeout) }
        return try await change(.rekey, RequestBody(request), timeout: timeout, repeatable: false)
    }

    /// Replaces the root key: all or nothing. Each slot of the store must be named, and at least one kept whose secret is at hand.
    /// - Parameter kept: with the secrets that they have; empty for a recovery key, which is drawn anew.
    /// - Returns: the recovery keys that were drawn, shown this once.
    /// - Throws: ``ClientError/Code/conflict`` where the slots are others by now, ``ClientError/Code/unlockFailed`` where a secret does not
    ///   open its slot, and others.
    public func rekeyRoot(
        keeping kept: [(id: UInt32, kind: SlotKind, secret: SecretBytes)], dropping dropped: [UInt32], timeout: Duration? = nil
    ) async throws -> [SlotAddResponse] {
        guard kept.count <= Limits.slots, dropped.count <= Limits.slots else {
            throw ClientError(.invalidArgument, "a store has at most \(Limits.slots) slots")
        }
        for slot in kept { try Self.check(slotSecret: slot.secret, minimum: slot.kind == .recovery ? 0 : 1) }
        let answer: RekeyRootResponse = try await change(
            .rekeyRoot, RequestBody(dropped: dropped, kept: kept), timeout: timeout, repeatable: false)
        return answer.recoveryKeys
    }
}
