import CofferStore

// RAGFlow's second key of each key, for what is embedded in pages of others.
extension APIKeyService {
    /// The betas of this owner's keys of form ragflow. Each is made once, when it is first asked for, all that are missing in one batch:
    /// concurrent calls give the same values.
    /// - Returns: by the key's number. Empty where the tenant keeps no readable forms.
    public func betas(owner: UInt64) async throws(AccountError) -> [UInt64: SecretBuffer] {
        let numbers = try await context.queue.run { [self] () throws(AccountError) in
            try requireOpen()
            guard let hasher else { throw AccountError.isLocked }
            let entries = registry.numbers(owner: owner).compactMap { registry.account($0)?.current }
                .filter { $0.key.form == .ragflow && context.directory.tenant($0.tenant)?.allowsReveal == true }
            var steps: [Mutation] = []
            for entry in entries where entry.beta == nil {
                let beta = ReadableForm.randomBeta()
                defer { withExtendedLifetime(beta) {} }
                var record = entry.record
                record.beta = KeyDigest(hasher.hash(beta.bytes, .beta))
                steps.append(.putDocument(.apiKeyForms, try .beta(entry.number), Self.encode(form: beta.bytes), expected: .exactly(0)))
                steps.append(
                    .putDocument(.apiKeys, try .number(entry.number), record.encoded(), expected: .exactly(entry.key.revision)))
            }
            if !steps.isEmpty { try context.commit(steps, by: Self.principal) }
            return entries.map(\.number)
        }
        guard !numbers.isEmpty else { return [:] }
        let forms = try await read { (reader) throws(StoreError) in
            var forms: [(UInt64, SecretBuffer)] = []
            for number in numbers {
                guard let name = try? DocumentName.beta(number), let form = try reader.document(.apiKeyForms, name) else { continue }
                forms.append((number, form))
            }
            return forms
        }
        var betas: [UInt64: SecretBuffer] = [:]
        for (number, form) in forms { betas[number] = try Self.form(form) }
        return betas
    }
}
