import CofferWire

extension CofferClient {
    /// Records of the audit log, a page at a time.
    /// - Parameters:
    ///   - request: what is wanted; its `value` is not looked at.
    ///   - value: only changes that wrote this value, 0 to 1,048,576 bytes; the log has no values, but it can be asked for one.
    /// - Throws: ``ClientError/Code/denied``, ``ClientError/Code/invalidArgument``, and others.
    public func auditSearch(_ request: AuditSearchRequest, value: SecretBytes? = nil, timeout: Duration? = nil) async throws -> AuditSearchResponse {
        guard request.name.count <= Limits.auditName, request.who.utf8.count <= Limits.selector, request.noun.utf8.count <= Limits.auditWord,
            request.action.utf8.count <= Limits.auditWord, (1...Limits.auditPage).contains(Int(request.limit))
        else { throw ClientError(.invalidArgument, "a part of the question is longer than the protocol allows") }
        var fields = request
        fields.value = nil
        guard let value else { return try await read(.auditSearch, fields, timeout: timeout) }
        guard value.count <= Limits.value else { throw ClientError(.invalidArgument, "the value has more than \(Limits.value) bytes") }
        fields.value = []
        let spec = spec(.auditSearch, RequestBody(fields, endingIn: value, lengthSize: 4), timeout: timeout, repeatable: true)
        return try await engine.answer(to: spec) { decoder, _ throws(WireError) in try AuditSearchResponse(from: &decoder) }
    }

    /// Whether the audit log is whole.
    /// - Parameter timeout: of the whole: the default is short for a long log.
    public func auditVerify(timeout: Duration? = nil) async throws -> AuditVerifyResponse {
        try await read(.auditVerify, Empty(), timeout: timeout)
    }

    /// Begins the audit log anew behind a break.
    /// - Returns: what was done, for people.
    public func auditRepair(timeout: Duration? = nil) async throws -> String {
        let answer: AuditRepairResponse = try await change(.auditRepair, RequestBody(Empty()), timeout: timeout, repeatable: false)
        return answer.result
    }
}
