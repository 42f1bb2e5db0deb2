import CofferStore

/// The bytes of the documents about pools: settings by number, the pool's own token by number, what is known of a member by
/// `POOL/CREDENTIAL` (0: of the pool's own token).
enum PoolDocuments {
    static func encode(_ pool: Pool) -> SecretBuffer {
        CredentialDocuments.write { writer in
            writer.u64(pool.number)
            writer.u64(pool.tenant)
            writer.bytes16(pool.name.bytes)
            writer.text(pool.provider)
            writer.text(pool.memo)
            writer.map(pool.attributes)
            writer.u64(pool.created)
            writer.u64(pool.updated)
            writer.u32(UInt32(clamping: pool.members.count))
            for member in pool.members {
                writer.u64(member.credential)
                writer.u16(member.weight)
                writer.u32(member.inFlightLimit)
            }
        }
    }

    /// Without its own token, which lies in a document of its own.
    static func pool(_ bytes: SecretBuffer, revision: UInt64) throws(StoreError) -> Pool {
        try CredentialDocuments.read(bytes, "a pool") { (reader) throws(StoreError) in
            var pool = Pool(
                number: try reader.u64(), tenant: try reader.u64(), name: try CredentialDocuments.name(&reader, "a pool"),
                provider: try reader.text(), memo: try reader.text(), attributes: try CredentialDocuments.map(&reader),
                created: try reader.u64(), updated: try reader.u64(), revision: revision)
            let count = try reader.u32()
            guard count <= UInt32(Pool.maximumMembers) else { throw CredentialDocuments.damaged("a pool") }
            for _ in 0..<count {
                pool.members.append(
                    PoolMember(credential: try reader.u64(), weight: try reader.u16(), inFlightLimit: try reader.u32()))
            }
            return pool
        }
    }

    static func encode(_ health: MemberHealth) -> SecretBuffer {
        CredentialDocuments.write { writer in
            writer.u8(health.state.rawValue)
            writer.u64(health.until)
            writer.u64(health.since)
            writer.u16(health.failures)
            writer.text(health.reason)
            writer.text(health.verdict)
            writer.u64(health.verdictTime)
            writer.u64(health.refusedAt)
            writer.u64(health.refusedGeneration)
            writer.u64(health.attendedAt)
        }
    }

    static func health(_ bytes: SecretBuffer) throws(StoreError) -> MemberHealth {
        try CredentialDocuments.read(bytes, "the state of a pool's member") { (reader) throws(StoreError) in
            guard let state = PoolMemberState(rawValue: try reader.u8()) else {
                throw CredentialDocuments.damaged("the state of a pool's member")
            }
            return MemberHealth(
                state: state, until: try reader.u64(), since: try reader.u64(), failures: try reader.u16(), reason: try reader.text(),
                verdict: try reader.text(), verdictTime: try reader.u64(), refusedAt: try reader.u64(),
                refusedGeneration: try reader.u64(), attendedAt: try reader.u64())
        }
    }

    /// `POOL/CREDENTIAL`.
    static func member(_ name: [UInt8]) throws(StoreError) -> (pool: UInt64, credential: UInt64) {
        let (pool, rest) = try CredentialNames.token(name)
        return (pool, try CredentialNames.number(rest.utf8))
    }
}

extension DocumentName {
    static func member(_ pool: UInt64, _ credential: UInt64) throws(CredentialError) -> DocumentName {
        try checked("\(pool)/\(credential)")
    }
}
