import CofferWire

extension CofferClient {
    /// Asks whether an API key may be used now, and takes `cost` from its quota where it may.
    ///
    /// A cost of 0 is asked again after a break; another is not: throws ``ClientError/Code/disconnected`` with an unknown outcome.
    /// - Parameters:
    ///   - key: as it was presented, 1 to 512 bytes.
    ///   - address: who presented it: 4 bytes (IPv4), 16 (IPv6), or none where nobody knows.
    ///   - model: what is to be used, 0 to 255 bytes; empty: not asked.
    ///   - cost: quota units, 0 to 500,000,000,000,000.
    /// - Returns: the verdict; a refusal is one.
    public func verify(
        _ key: SecretBytes, address: [UInt8] = [], model: String = "", cost: UInt64 = 0, timeout: Duration? = nil
    ) async throws -> Verdict {
        try Self.check(key: key, address: address, model: model)
        try Self.check(units: cost, "cost")
        let body = RequestBody(VerifyRequest(key: [], address: address, model: model, cost: cost), beginningWith: key)
        let spec = spec(.verify, body, timeout: timeout, repeatable: cost == 0, changes: cost > 0)
        return try await engine.answer(to: spec) { decoder, _ throws(WireError) in Verdict(try VerifyResponse(from: &decoder)) }
    }

    /// Verifies an API key and sets units aside. The same `requestID` again is answered as the first time, so that the call is
    /// simply sent again after a break.
    /// - Parameters:
    ///   - key: as it was presented, 1 to 512 bytes.
    ///   - address: as for ``verify(_:address:model:cost:timeout:)``.
    ///   - model: as there.
    ///   - amount: quota units that the work may cost, 0 to 500,000,000,000,000.
    ///   - requestID: names the reservation among those of this API key, 1 to 128 bytes.
    ///   - lifetime: after which the units go back by themselves, 1 second to 24 hours.
    /// - Throws: ``ClientError/Code/conflict`` where the request id was used with another amount, and others.
    public func reserve(
        _ key: SecretBytes, address: [UInt8] = [], model: String = "", amount: UInt64, requestID: String, lifetime: Duration,
        timeout: Duration? = nil
    ) async throws -> Reservation {
        try Self.check(key: key, address: address, model: model)
        try Self.check(units: amount, "amount")
        try Self.check(requestID: requestID)
        let milliseconds = lifetime.nanoseconds / 1_000_000
        guard let lifetime = UInt32(exactly: milliseconds), Limits.reservationLifetime.contains(lifetime) else {
            throw ClientError(.invalidArgument, "the lifetime of a reservation must be 1 second to 24 hours")
        }
        let request = ReserveRequest(key: [], address: address, model: model, amount: amount, requestID: requestID, lifetime: lifetime)
        let spec = spec(.reserve, RequestBody(request, beginningWith: key), timeout: timeout, repeatable: true, changes: true)
        return try await engine.answer(to: spec) { decoder, _ throws(WireError) in Reservation(try ReserveResponse(from: &decoder)) }
    }

    /// Says what reserved work really cost. May be sent again.
    /// - Parameters:
    ///   - number: the API key's, from the verdict.
    ///   - amount: quota units, 0 to 500,000,000,000,000; what was reserved above it goes back, what is above the reservation is taken
    ///     from what is left.
    ///   - model: for the usage line, as are the tokens: 0 to 255 bytes.
    ///   - inputTokens: 0 to 500,000,000,000,000.
    ///   - outputTokens: 0 to 500,000,000,000,000.
    /// - Throws: ``ClientError/Code/notFound``, ``ClientError/Code/conflict`` for a reservation that is finished otherwise, and others.
    public func settle(
        _ number: UInt64, requestID: String, amount: UInt64, model: String = "", inputTokens: UInt64 = 0, outputTokens: UInt64 = 0,
        timeout: Duration? = nil
    ) async throws -> Settlement {
        try Self.check(requestID: requestID)
        try Self.check(model: model)
        try Self.check(units: amount, "amount")
        try Self.check(units: inputTokens, "number of input tokens")
        try Self.check(units: outputTokens, "number of output tokens")
        let request = SettleRequest(
            number: number, requestID: requestID, amount: amount, model: model, inputTokens: inputTokens, outputTokens: outputTokens)
        return try await change(.settle, RequestBody(request), timeout: timeout, repeatable: true)
    }

    /// Gives a reservation back: the work was not done. May be sent again.
    /// - Throws: ``ClientError/Code/notFound``, ``ClientError/Code/conflict`` for a reservation that was settled, and others.
    public func release(_ number: UInt64, requestID: String, timeout: Duration? = nil) async throws -> Settlement {
        try Self.check(requestID: requestID)
        let request = ReleaseRequest(number: number, requestID: requestID)
        return try await change(.release, RequestBody(request), timeout: timeout, repeatable: true)
    }

    /// The readable form of an API key.
    /// - Throws: ``ClientError/Code/denied`` where none is kept, ``ClientError/Code/notFound``, and others.
    public func reveal(apiKey id: String, timeout: Duration? = nil) async throws -> SecretBytes {
        try Self.check(recordID: id)
        return try await engine.answer(to: spec(.reveal, RequestBody(RevealRequest(id: id)), timeout: timeout, repeatable: true)) {
            decoder, _ throws(WireError) in
            SecretBytes(copying: try decoder.slice32("secret", limit: Limits.recordSecret))
        }
    }

    /// What an API key was used for.
    /// - Parameter limit: most lines, 0 to 1,000.
    /// - Throws: ``ClientError/Code/notFound``, and others.
    public func usage(apiKey id: String, limit: Int = 100, timeout: Duration? = nil) async throws -> APIKeyUsage {
        try Self.check(recordID: id)
        guard (0...Limits.usageLines).contains(limit) else {
            throw ClientError(.invalidArgument, "the limit must be 0 to \(Limits.usageLines)")
        }
        return try await read(.usage, UsageRequest(id: id, limit: UInt16(limit)), timeout: timeout)
    }

    // MARK: Checks

    private static func check(key: SecretBytes, address: [UInt8], model: String) throws(ClientError) {
        guard (1...Limits.apiKey).contains(key.count) else {
            throw ClientError(.invalidArgument, "an API key must have 1 to \(Limits.apiKey) bytes")
        }
        guard [0, 4, 16].contains(address.count) else {
            throw ClientError(.invalidArgument, "an address must have 4 or 16 bytes, or none")
        }
        try check(model: model)
    }

    private static func check(model: String) throws(ClientError) {
        guard model.utf8.count <= Limits.model else {
            throw ClientError(.invalidArgument, "the model has more than \(Limits.model) bytes")
        }
    }

    private static func check(requestID: String) throws(ClientError) {
        guard (1...Limits.requestID).contains(requestID.utf8.count) else {
            throw ClientError(.invalidArgument, "a request id must have 1 to \(Limits.requestID) bytes")
        }
    }

    private static func check(units: UInt64, _ what: String) throws(ClientError) {
        guard units <= Limits.units else { throw ClientError(.invalidArgument, "the \(what) is above \(Limits.units)") }
    }
}
