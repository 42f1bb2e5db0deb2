import CofferWire

/// Some records, and how to go on behind them: `next` is empty at the end, `total` counts all that the filter matches.
public typealias RecordPage = RecordListResponse

extension CofferClient {
    /// Makes a record: a tenant, a user, an API key, … Not sent again after a break: look with
    /// ``records(_:filter:after:limit:timeout:)``.
    /// - Parameters:
    ///   - noun: `tenant`, `user`, `apikey`, …; protocol.md, "Nouns", lists them and their fields.
    ///   - fields: in any order; of two with one name the later counts.
    ///   - secret: a user's password, at most 65,536 bytes; `nil` or empty: none.
    /// - Returns: the record, and what the daemon drew (an API key, a token), which is shown this once.
    /// - Throws: ``ClientError/Code/conflict`` where it is there already, ``ClientError/Code/invalidArgument``, and others.
    public func createRecord(
        _ noun: String, fields: [RecordField], secret: SecretBytes? = nil, timeout: Duration? = nil
    ) async throws -> (record: Record, secret: SecretBytes?) {
        try Self.check(noun: noun)
        try Self.check(fields)
        try Self.check(recordSecret: secret)
        let body = RequestBody(RecordCreateRequest(noun: noun, fields: fields), endingIn: secret ?? SecretBytes([]), lengthSize: 4)
        let spec = spec(.recordCreate, body, timeout: timeout, repeatable: false, changes: true)
        return try await engine.answer(to: spec) { decoder, _ throws(WireError) in try Self.recordAndSecret(&decoder) }
    }

    /// Lists records of a noun, a page at a time.
    /// - Parameters:
    ///   - filter: what the records must have in common; none: all of them.
    ///   - after: `next` of the page before; empty: from the beginning.
    ///   - limit: most records, 1 to 1,000. There may be fewer although more follow.
    public func records(
        _ noun: String, filter: [RecordField] = [], after: String = "", limit: Int = 100, timeout: Duration? = nil
    ) async throws -> RecordPage {
        try Self.check(noun: noun)
        try Self.check(filter)
        guard after.utf8.count <= Limits.recordID, (1...Limits.recordPage).contains(limit) else {
            throw ClientError(
                .invalidArgument, "the limit must be 1 to \(Limits.recordPage), the cursor must have at most \(Limits.recordID) bytes")
        }
        let request = RecordListRequest(noun: noun, filter: filter, after: after, limit: UInt16(limit))
        return try await read(.recordList, request, timeout: timeout)
    }

    /// One record.
    /// - Throws: ``ClientError/Code/notFound``, and others.
    public func record(_ noun: String, id: String, timeout: Duration? = nil) async throws -> Record {
        try Self.check(noun: noun)
        try Self.check(recordID: id)
        let spec = spec(.recordShow, RequestBody(RecordShowRequest(noun: noun, id: id)), timeout: timeout, repeatable: true)
        return try await engine.answer(to: spec) { decoder, _ throws(WireError) in try Self.recordAndSecret(&decoder).record }
    }

    /// Changes fields of a record; those that are absent keep their value. Not sent again after a break.
    /// - Parameters:
    ///   - secret: a user's new password, a door's new value. `nil` or empty: a password stays, a door's value is unset.
    ///   - expected: the revision that must have changed the record last; 0: any.
    /// - Returns: the record as it is now.
    /// - Throws: ``ClientError/Code/conflict`` where another revision changed it, ``ClientError/Code/notFound``, and others.
    public func updateRecord(
        _ noun: String, id: String, fields: [RecordField], secret: SecretBytes? = nil, expected: UInt64 = 0, timeout: Duration? = nil
    ) async throws -> Record {
        try Self.check(noun: noun)
        try Self.check(recordID: id)
        try Self.check(fields)
        try Self.check(recordSecret: secret)
        let request = RecordUpdateRequest(noun: noun, id: id, fields: fields, expected: expected)
        // The revision stands behind the secret.
        let body = RequestBody(request, secret: secret ?? SecretBytes([]), lengthSize: 4, tail: MemoryLayout<UInt64>.size)
        let spec = spec(.recordUpdate, body, timeout: timeout, repeatable: false, changes: true)
        return try await engine.answer(to: spec) { decoder, _ throws(WireError) in try Self.recordAndSecret(&decoder).record }
    }

    /// Deletes records in one change; those that are not there are skipped. Not sent again after a break.
    /// - Parameter ids: 1 to 10,000, as many as fit a frame.
    /// - Returns: how many were there.
    @discardableResult
    public func deleteRecords(_ noun: String, ids: [String], timeout: Duration? = nil) async throws -> Int {
        try Self.check(noun: noun)
        guard (1...Limits.recordDeletions).contains(ids.count) else {
            throw ClientError(.invalidArgument, "1 to \(Limits.recordDeletions) records can be deleted at once")
        }
        for id in ids { try Self.check(recordID: id) }
        let body = RequestBody(RecordDeleteRequest(noun: noun, ids: ids))
        let answer: RecordDeleteResponse = try await change(.recordDelete, body, timeout: timeout, repeatable: false)
        return Int(answer.count)
    }

    // MARK: Shared

    /// Decodes a ``RecordResponse`` without a copy of the secret in memory that is not wiped.
    private static func recordAndSecret(_ decoder: inout WireDecoder) throws(WireError) -> (record: Record, secret: SecretBytes?) {
        let record = try Record(from: &decoder)
        let secret = try decoder.slice32("secret", limit: Limits.recordSecret)
        return (record, secret.isEmpty ? nil : SecretBytes(copying: secret))
    }

    static func check(recordID: String) throws(ClientError) {
        guard (1...Limits.recordID).contains(recordID.utf8.count) else {
            throw ClientError(.invalidArgument, "the id of a record must have 1 to \(Limits.recordID) bytes")
        }
    }

    static func check(noun: String) throws(ClientError) {
        guard (1...Limits.noun).contains(noun.utf8.count) else {
            throw ClientError(.invalidArgument, "a noun must have 1 to \(Limits.noun) bytes")
        }
    }

    static func check(_ fields: [RecordField]) throws(ClientError) {
        guard fields.count <= Limits.recordFields else {
            throw ClientError(.invalidArgument, "a record has at most \(Limits.recordFields) fields")
        }
        for field in fields {
            guard (1...Limits.recordFieldName).contains(field.name.utf8.count), field.value.utf8.count <= Limits.recordFieldValue else {
                throw ClientError(
                    .invalidArgument,
                    "a field's name must have 1 to \(Limits.recordFieldName) bytes, its value at most \(Limits.recordFieldValue)")
            }
        }
    }

    private static func check(recordSecret: SecretBytes?) throws(ClientError) {
        guard (recordSecret?.count ?? 0) <= Limits.recordSecret else {
            throw ClientError(.invalidArgument, "a record's secret has at most \(Limits.recordSecret) bytes")
        }
    }
}
