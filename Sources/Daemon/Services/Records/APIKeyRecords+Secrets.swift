import CofferAccounts
import CofferStore
import CofferWire

extension APIKeyRecords {
    /// The readable form, as clients present it.
    func reveal(_ caller: Caller, id: String) async throws(Failure) -> RevealResponse {
        let view = try find(caller, .reveal, id)
        var readable = try await accountCall { () async throws(AccountError) in try await accounts.apiKeys.reveal(view.key.number) }
        // It may have been renamed while it was read.
        _ = try find(caller, .reveal, id)
        if view.key.form == .sk { readable = Self.withPrefix(readable) }
        defer { withExtendedLifetime(readable) {} }
        return RevealResponse(secret: Array(readable.bytes))
    }

    /// The record and the last usage lines, newest first.
    func usage(_ caller: Caller, id: String, limit: Int) async throws(Failure) -> UsageResponse {
        let view = try find(caller, .info, id)
        let lines = try await accountCall { () async throws(AccountError) in
            try await accounts.apiKeys.usageLines(view.key.number, limit: limit)
        }
        return UsageResponse(record: record(try find(caller, .info, id)), lines: lines.map { line in
            CofferWire.UsageLine(
                time: line.time, amount: line.amount, requestID: line.requestID, model: line.model, inputTokens: line.inputTokens,
                outputTokens: line.outputTokens)
        })
    }
}
