import CofferAccounts
import CofferStore

/// Numbers that an older system's clients know a credential by: from a sequence of their own, kept in an attribute, never reused.
public struct CredentialNumbering: Sendable {
    let sequence: CredentialSequence
    public let attribute: String

    /// The largest whole number that JavaScript holds. What is larger counts as none: there must be a next one.
    private static let maximum: UInt64 = 9_007_199_254_740_991

    /// Ids of RT-manage's rows.
    public static let rtmanage = CredentialNumbering(sequence: .rtmanage, attribute: "rtmanage.id")

    /// The number that a credential has; `nil`: none, or no number at all.
    public func number(of credential: Credential) -> UInt64? {
        guard let text = credential.attributes[attribute], let number = UInt64(text), String(number) == text, number > 0,
            number <= Self.maximum
        else { return nil }
        return number
    }

    /// The next number behind the sequence and behind all that an import brought with it. On the change queue.
    func next(in directory: CredentialDirectory) throws(CredentialError) -> UInt64 {
        let highest = directory.read { memory in memory.credentials.values.lazy.compactMap { number(of: $0) }.max() ?? 0 }
        return max(try directory.next(sequence), highest + 1)
    }
}

extension CredentialService {
    /// Gives a number to each of these credentials that has none, or one that an older credential has; in the order of their own numbers.
    /// - Throws: what the store says.
    public func assign(_ numbering: CredentialNumbering, to numbers: [UInt64], by principal: String) async throws(CredentialError) {
        let context = context
        try await context.queue.run { () throws(CredentialError) in
            try context.directory.requireReady()
            let wanted = Set(numbers)
            let all = context.directory.read { memory in memory.order.compactMap { memory.credentials[$0] } }
            var taken: Set<UInt64> = []
            var last = try numbering.next(in: context.directory) - 1
            var mutations: [Mutation] = []
            for var credential in all {
                if let number = numbering.number(of: credential), taken.insert(number).inserted { continue }
                guard wanted.contains(credential.number), credential.deleted == 0 else { continue }
                last += 1
                credential.attributes[numbering.attribute] = String(last)
                try CredentialChecks.check(sizeOf: credential)
                mutations.append(.putDocument(
                    .credentials, try .number(credential.number), CredentialDocuments.encode(credential),
                    expected: .exactly(credential.revision)))
            }
            guard !mutations.isEmpty else { return }
            mutations.append(try numbering.sequence.mutation(last: last))
            try context.commit(mutations, by: principal)
        }
    }
}
