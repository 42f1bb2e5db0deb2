import CofferWire

extension CofferClient {
    /// Asks the daemon for a sign of life.
    /// - Returns: the daemon's time.
    public func ping(timeout: Duration? = nil) async throws -> PingResponse {
        try await read(.ping, Empty(), timeout: timeout)
    }

    /// Named numbers and texts on the daemon's state.
    public func status(timeout: Duration? = nil) async throws -> StatusResponse {
        try await read(.status, Empty(), timeout: timeout)
    }

    /// What the daemon finds in looking at itself and its surroundings.
    public func doctor(timeout: Duration? = nil) async throws -> [Finding] {
        let list: MessageList<Finding> = try await read(.doctor, Empty(), timeout: timeout)
        return list.items
    }

    /// The selectors that the daemon sees in the caller: `uid:1001`, …
    public func whoami(timeout: Duration? = nil) async throws -> [String] {
        let list: TextList = try await read(.whoami, Empty(), timeout: timeout)
        return list.items
    }

    /// Opens a locked store. Not sent again after a break.
    /// - Parameter secret: the secret of a slot of this kind, 1 to 1,024 bytes.
    /// - Throws: ``ClientError/Code/unlockFailed`` where no slot opens with it, and others.
    public func unlock(_ kind: SlotKind, secret: SecretBytes, timeout: Duration? = nil) async throws {
        try Self.check(slotSecret: secret, minimum: 1)
        let body = RequestBody(UnlockRequest(kind: kind, secret: []), endingIn: secret, lengthSize: 2)
        try await changeWithoutAnswer(.unlock, body, timeout: timeout)
    }

    /// Locks the store: its keys are wiped, all watches end.
    public func lock(timeout: Duration? = nil) async throws {
        try await changeWithoutAnswer(.lock, RequestBody(Empty()), timeout: timeout)
    }

    // MARK: Slots

    /// The slots that open the store.
    public func slotList(timeout: Duration? = nil) async throws -> [SlotEntry] {
        let list: MessageList<SlotEntry> = try await read(.slotList, Empty(), timeout: timeout)
        return list.items
    }

    /// Adds a slot. Not sent again after a break: look with ``slotList(timeout:)``.
    /// - Parameters:
    ///   - label: for people, 0 to 1,024 bytes.
    ///   - secret: a passphrase, or the 32 bytes of a key file or credential; empty for a recovery key, which the
    ///     daemon draws.
    /// - Returns: the slot's number, and the recovery key, which is shown this once.
    public func slotAdd(
        _ kind: SlotKind, label: String = "", secret: SecretBytes, timeout: Duration? = nil
    ) async throws -> SlotAddResponse {
        try Self.check(slotSecret: secret, minimum: 0)
        guard label.utf8.count <= Limits.label else {
            throw ClientError(.invalidArgument, "the label has more than \(Limits.label) bytes")
        }
        let request = SlotAddRequest(kind: kind, label: label, secret: [])
        let body = RequestBody(request, endingIn: secret, lengthSize: 2)
        return try await change(.slotAdd, body, timeout: timeout, repeatable: false)
    }

    /// Removes a slot.
    /// - Throws: ``ClientError/Code/lastSlot`` for the only one, ``ClientError/Code/notFound``, and others.
    public func slotRemove(_ id: UInt32, timeout: Duration? = nil) async throws {
        try await changeWithoutAnswer(.slotRemove, RequestBody(SlotRemoveRequest(id: id)), timeout: timeout)
    }

    // MARK: Policies

    /// Replaces the policies that a YAML source names.
    /// - Parameters:
    ///   - source: 0 to 262,144 bytes.
    ///   - dryRun: reports and changes nothing.
    @discardableResult
    public func policyApply(
        _ source: [UInt8], dryRun: Bool = false, timeout: Duration? = nil
    ) async throws -> PolicyApplyResponse {
        guard source.count <= Limits.policySource else {
            throw ClientError(.invalidArgument, "the policy has more than \(Limits.policySource) bytes")
        }
        let request = PolicyApplyRequest(source: source, dryRun: dryRun)
        if dryRun { return try await read(.policyApply, request, timeout: timeout) }
        return try await change(.policyApply, RequestBody(request), timeout: timeout, repeatable: false)
    }

    /// The source of a policy.
    public func policyShow(_ name: String, timeout: Duration? = nil) async throws -> PolicyShowResponse {
        try await read(.policyShow, try Self.policyName(name), timeout: timeout)
    }

    /// The names of all policies.
    public func policyList(timeout: Duration? = nil) async throws -> [String] {
        let list: TextList = try await read(.policyList, Empty(), timeout: timeout)
        return list.items
    }

    /// Deletes a policy.
    public func policyDelete(_ name: String, timeout: Duration? = nil) async throws {
        try await changeWithoutAnswer(.policyDelete, RequestBody(try Self.policyName(name)), timeout: timeout)
    }

    /// Which rule would decide.
    /// - Parameters:
    ///   - selectors: who asks, as `uid:1001`; at most 64. None: the caller itself.
    ///   - noun: what the rule is about, 1 to 64 bytes: `secret`, …
    ///   - action: 1 to 64 bytes: `get`, …
    ///   - name: of the secret, policy, …; 0 to 1,024 bytes.
    public func explain(
        selectors: [String] = [], noun: String, action: String, name: some SecretNaming, timeout: Duration? = nil
    ) async throws -> ExplainResponse {
        let bytes = name.secretNameBytes
        guard selectors.count <= 64, bytes.count <= Limits.label else {
            throw ClientError(.invalidArgument, "more than 64 selectors, or a name of more than \(Limits.label) bytes")
        }
        let request = ExplainRequest(selectors: selectors, noun: noun, action: action, name: bytes)
        return try await read(.explain, request, timeout: timeout)
    }

    // MARK: Shared

    /// A change of which only the success matters: its answer is empty or a ``ChangeResponse``.
    private func changeWithoutAnswer(
        _ operation: CofferWire.Operation, _ body: RequestBody, timeout: Duration?
    ) async throws {
        try await engine.answer(
            to: spec(operation, body, timeout: timeout, repeatable: false, changes: true)
        ) { decoder, _ throws(WireError) in
            if decoder.remaining > 0 { _ = try ChangeResponse(from: &decoder) }
        }
    }

    private static func policyName(_ name: String) throws(ClientError) -> PolicyNameRequest {
        guard (1...Limits.otherName).contains(name.utf8.count) else {
            throw ClientError(.invalidArgument, "a policy's name must have 1 to \(Limits.otherName) bytes")
        }
        return PolicyNameRequest(name: name)
    }

    static func check(slotSecret: SecretBytes, minimum: Int) throws(ClientError) {
        guard (minimum...Limits.slotSecret).contains(slotSecret.count) else {
            throw ClientError(.invalidArgument, "a slot's secret must have \(minimum) to \(Limits.slotSecret) bytes")
        }
    }
}
