import CofferWire

extension CofferClient {
    /// A token that lives, of a credential or of a member of a pool. Served from the store where there is one; otherwise the call waits
    /// for the one refresh that runs, or that it starts.
    /// - Parameters:
    ///   - name: of the credential or pool, 1 to 255 bytes.
    ///   - pool: whether `name` is a pool's.
    ///   - kind: `access`, `share`, …, 1 to 64 bytes. Another than these two needs the right to reveal.
    ///   - atLeast: how long it must still live; whole seconds, rounded up.
    ///   - sticky: of a pool: the same key gets the same member as long as that lives; 0 to 128 bytes, empty: any member.
    ///   - timeout: the longest wait; a refresh that was begun goes on without the caller.
    /// - Throws: ``ClientError/Code/needsPerson``, ``ClientError/Code/dead``, ``ClientError/Code/noLiveMember``,
    ///   ``ClientError/Code/limited``, ``ClientError/Code/upstream``, ``ClientError/Code/notFound``, and others.
    public func token(
        for name: String, pool: Bool = false, kind: String = "access", atLeast: Duration = .zero, sticky: [UInt8] = [],
        timeout: Duration? = nil
    ) async throws -> LiveToken {
        try Self.check(credentialName: name)
        guard (1...Limits.tokenKind).contains(kind.utf8.count), sticky.count <= Limits.stickyKey else {
            throw ClientError(
                .invalidArgument, "a kind must have 1 to \(Limits.tokenKind) bytes, a sticky key at most \(Limits.stickyKey)")
        }
        let (seconds, attoseconds) = atLeast.components
        guard atLeast >= .zero, let minimum = UInt32(exactly: attoseconds > 0 ? seconds.addingReportingOverflow(1).partialValue : seconds)
        else {
            throw ClientError(.invalidArgument, "the time that a token must live is below 0 or above \(UInt32.max) seconds")
        }
        let request = TokenRequest(name: name, isPool: pool, kind: kind, minimumLeft: minimum, sticky: sticky)
        // It changes nothing that the caller would have to look at: asked again behind a break it gives the token that lives then.
        return try await engine.answer(to: spec(.token, RequestBody(request), timeout: timeout, repeatable: true)) {
            decoder, _ throws(WireError) in try LiveToken(from: &decoder)
        }
    }

    /// Tells what came of a token that a pool handed out. May be sent again: only the first report of a lease counts.
    /// - Parameters:
    ///   - lease: the token's, ``LiveToken/lease``.
    ///   - retryAfter: how long the upstream asked to wait; zero: it did not say.
    /// - Returns: whether it counts, and how the member stands now.
    /// - Throws: ``ClientError/Code/notFound`` where the lease is unknown or over, and others.
    @discardableResult
    public func report(
        _ verdict: TokenVerdict, lease: Bytes16, retryAfter: Duration = .zero, timeout: Duration? = nil
    ) async throws -> ReportResponse {
        try await report(.lease(lease), verdict, retryAfter, timeout, repeatable: true)
    }

    /// Tells it of a member by name, where no lease is at hand.
    @discardableResult
    public func report(
        _ verdict: TokenVerdict, pool: String, credential: String, retryAfter: Duration = .zero, timeout: Duration? = nil
    ) async throws -> ReportResponse {
        try Self.check(credentialName: pool)
        try Self.check(credentialName: credential)
        return try await report(.member(pool: pool, credential: credential), verdict, retryAfter, timeout, repeatable: false)
    }

    private func report(
        _ target: ReportRequest.Target, _ verdict: TokenVerdict, _ retryAfter: Duration, _ timeout: Duration?, repeatable: Bool
    ) async throws -> ReportResponse {
        let request = ReportRequest(target, verdict, retryAfter: UInt32(clamping: retryAfter.nanoseconds / 1_000_000))
        return try await change(.report, RequestBody(request), timeout: timeout, repeatable: repeatable)
    }

    /// Does something with a credential, pool, schedule, …: `refresh`, `check`, `relogin`, `undelete`, `run`, … Not sent again after a
    /// break.
    /// - Parameters:
    ///   - noun: `credential`, `pool`, `poolmember`, `provider`, `schedule`, `sink`.
    ///   - id: as of a record.
    ///   - verb: protocol.md, "Acts", lists them with their options and details.
    ///   - secret: what some verbs want, a JSON object of texts; at most 65,536 bytes.
    /// - Throws: what ``token(for:pool:kind:atLeast:sticky:timeout:)`` throws, ``ClientError/Code/invalidArgument``, and others.
    public func act(
        _ verb: String, _ noun: String, id: String, options: [RecordField] = [], secret: SecretBytes? = nil, timeout: Duration? = nil
    ) async throws -> ActResult {
        try Self.check(noun: noun)
        try Self.check(recordID: id)
        try Self.check(options)
        guard (1...Limits.verb).contains(verb.utf8.count), (secret?.count ?? 0) <= Limits.recordSecret else {
            throw ClientError(
                .invalidArgument, "a verb must have 1 to \(Limits.verb) bytes, a secret at most \(Limits.recordSecret)")
        }
        let request = CredentialActRequest(noun: noun, id: id, verb: verb, options: options)
        let body = RequestBody(request, endingIn: secret ?? SecretBytes([]), lengthSize: 4)
        return try await engine.answer(to: spec(.credentialAct, body, timeout: timeout, repeatable: false, changes: true)) {
            decoder, _ throws(WireError) in try ActResult(from: &decoder)
        }
    }

    static func check(credentialName name: String) throws(ClientError) {
        guard (1...Limits.otherName).contains(name.utf8.count) else {
            throw ClientError(.invalidArgument, "the name of a credential or pool must have 1 to \(Limits.otherName) bytes")
        }
    }
}
