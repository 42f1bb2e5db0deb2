import CofferStore

// What is read from the store because memory does not hold it: on its worker's thread, never on a loop.
extension APIKeyService {
    /// The key itself, without `sk-` for form sk, whole for the others.
    /// - Throws: `notFound`; `denied` where the tenant's switch is off or no readable form was kept.
    public func reveal(_ number: UInt64) async throws(AccountError) -> SecretBuffer {
        try requireOpen()
        guard let entry = registry.account(number)?.current else { throw .noSuchKey }
        guard entry.key.isRevealable else { throw .notRevealable }
        let name = try DocumentName.number(number)
        let bytes = try await read { (reader) throws(StoreError) in try reader.document(.apiKeyForms, name) }
        guard let bytes else {
            // Gone meanwhile, with the key or without it.
            throw registry.account(number) == nil ? .noSuchKey : .notRevealable
        }
        return try Self.form(bytes)
    }

    /// What was settled with this key, newest first; at most 1,000 are kept.
    public func usageLines(_ number: UInt64, limit: Int) async throws(AccountError) -> [UsageLine] {
        try requireOpen()
        guard registry.account(number) != nil else { throw .noSuchKey }
        let budget = try DocumentName.budget(number)
        let wanted = min(max(limit, 0), APIKeyLimits.usageLines)
        return try await read { (reader) throws(StoreError) in
            try reader.usageLines(budget, limit: wanted).map { (line) throws(StoreError) in
                try line.line.withUnsafeBytes { bytes in Result { () throws(StoreError) in try UsageLine(decoding: bytes) } }.get()
            }
        }
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (StoreReader) throws(StoreError) -> T) async throws(AccountError) -> T {
        let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
            context.store.onWorker { worker in
                let result: Result<T, StoreError>
                do throws(StoreError) { result = .success(try body(try worker.get().reader)) } catch { result = .failure(error) }
                continuation.resume(returning: result)
            }
        }
        return try AccountError.translating { () throws(StoreError) in try result.get() }
    }

    // MARK: The document of a readable form

    private static let format: UInt8 = 1

    static func encode(form: UnsafeRawBufferPointer) -> SecretBuffer {
        SecretBuffer(count: 1 + form.count) { output in
            output[0] = format
            UnsafeMutableRawBufferPointer(rebasing: output[1...]).copyMemory(from: form)
        }
    }

    static func form(_ document: SecretBuffer) throws(AccountError) -> SecretBuffer {
        defer { withExtendedLifetime(document) {} }
        guard document.count > 1, document.bytes[0] == format else {
            throw AccountError(.failed, "", "the readable form of an API key has a format that this version does not know")
        }
        return SecretBuffer(copying: UnsafeRawBufferPointer(rebasing: document.bytes[1...]))
    }
}

extension AccountError {
    static let noSuchKey = AccountError(.notFound, "key", "there is no such API key")
    static let notRevealable = AccountError(.denied, "key", "no readable form of this API key is kept, or its tenant does not show them")
}
