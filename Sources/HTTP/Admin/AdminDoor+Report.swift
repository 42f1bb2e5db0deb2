import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore

extension AdminDoor {
    private static let unknownLease = AdminFailure(
        status: 404, code: "not-found", field: "lease", message: "there is no such lease; one lasts for 60 seconds")
    private static let unknownMember = AdminFailure(
        status: 404, code: "not-found", field: "pool", message: "there is no such pool or member, or no policy allows this")

    /// What a caller met with a token that a pool handed out: by its lease, or by the names of pool and credential.
    func report(_ request: inout AdminRequest, _ session: Session) throws(AdminFailure) -> JSONValue {
        guard session.rights.allowsAny(.report) else { throw .denied }
        let lease = try request.text("lease", 0...32, default: "")
        let pool = try request.text("pool", 0...255, default: "")
        let credential = try request.text("credential", 0...255, default: "")
        let word = try request.text("verdict", 1...32)
        let wait = UInt64(try request.number("retry_after_ms", 0...Int64(UInt32.max), default: 0))
        try request.finish()
        guard let verdict = Self.verdict(word, wait) else {
            throw .invalid("verdict", "must be ok, unauthorized, payment-required, limited or server-error")
        }
        guard lease.isEmpty != (pool.isEmpty && credential.isEmpty), pool.isEmpty == credential.isEmpty else {
            throw .invalid(lease.isEmpty ? "lease" : "pool", "say the lease, or the pool and the credential")
        }
        let (by, rights) = (session.principal.selector, session.rights)
        let isAllowed: @Sendable (Pool) -> Bool = { pool in
            pool.name.bytes.withUnsafeBytes { rights.allows(.report, tenant: pool.tenant, name: $0) }
        }
        let result: PoolReportResult
        do throws(CredentialError) {
            if lease.isEmpty {
                let tenant = session.principal.user.home
                guard let found = credentials.pools.find(tenant: tenant, name: Array(pool.utf8)),
                    let member = credentials.credentials.find(tenant: tenant, name: Array(credential.utf8))
                else { throw CredentialError(.notFound, "pool", "") }
                result = try credentials.pools.report(pool: found.number, credential: member.number, verdict, by: by, where: isAllowed)
            } else {
                guard let bytes = Self.bytes(lease) else { throw CredentialError(.invalidArgument, "lease", "a lease is 32 hexadecimal digits") }
                result = try credentials.pools.report(lease: bytes, verdict, by: by, where: isAllowed)
            }
        } catch {
            switch error.code {
            case .locked: throw .locked
            case .invalidArgument: throw .invalid(error.field, error.message)
            // What is not there and what is not the caller's look alike.
            default: throw lease.isEmpty ? Self.unknownMember : Self.unknownLease
            }
        }
        return .object([
            ("effect", .string(result.effect.rawValue)), ("state", .string(result.state.word)),
            ("until", result.until == 0 ? .null : .exact(result.until)),
        ])
    }

    private static func verdict(_ word: String, _ wait: UInt64) -> ReportedVerdict? {
        switch word {
        case "ok": .ok
        case "unauthorized": .unauthorized
        case "payment-required": .paymentRequired(until: wait == 0 ? 0 : Store.systemClock() + wait)
        case "limited": .limited(retryAfter: wait)
        case "server-error": .serverError
        default: nil
        }
    }

    private static func bytes(_ lease: String) -> [UInt8]? {
        let digits = lease.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 32, digits.allSatisfy({ $0 != nil }) else { return nil }
        return stride(from: 0, to: 32, by: 2).map { UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0)) }
    }
}
