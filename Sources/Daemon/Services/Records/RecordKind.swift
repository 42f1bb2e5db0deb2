import CofferAccounts
import CofferCredentials
import CofferStore
import CofferWire

/// What a page of records is asked for by.
struct RecordQuery {
    var filter: RecordFields
    /// The cursor of the page before; empty for the first.
    var after: String
    /// 1…1,000.
    var limit: Int
}

struct RecordPageResult {
    var records: [Record] = []
    /// Empty: that was the last page.
    var next = ""
    var total = 0
}

/// One noun that is kept as records: its rights, its fields, its calls of the accounts (protocol.md, "Records").
protocol RecordKind: Sendable {
    /// As the protocol spells it.
    var noun: String { get }
    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?)
    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult
    func show(_ caller: Caller, id: String) async throws(Failure) -> Record
    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record
    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int
}

/// Everything that is kept as records, by noun.
final class RecordService: Sendable {
    let accounts: Accounts
    let apiKeys: APIKeyRecords
    let credentials: CredentialRecords
    let pools: PoolRecords
    let schedules: ScheduleRecords
    let sinks: SinkRecords
    /// What unfinished requests hold.
    let budget = RequestBudget()
    private let kinds: [String: any RecordKind]

    init(accounts: Accounts, credentials: Credentials, store: Store, clock: @escaping @Sendable () -> UInt64) {
        self.accounts = accounts
        apiKeys = APIKeyRecords(accounts: accounts)
        self.credentials = CredentialRecords(credentials: credentials, clock: clock)
        pools = PoolRecords(credentials: credentials, lookup: self.credentials)
        schedules = ScheduleRecords(credentials: credentials)
        sinks = SinkRecords(credentials: credentials)
        let all: [any RecordKind] = [
            TenantRecords(accounts: accounts), MemberRecords(accounts: accounts), UserRecords(accounts: accounts, store: store),
            TokenRecords(accounts: accounts), apiKeys, DoorRecords(accounts: accounts),
            self.credentials, pools, PoolMemberRecords(credentials: credentials, pools: pools, lookup: self.credentials),
            ProviderRecords(credentials: credentials), schedules, sinks,
        ]
        kinds = Dictionary(all.map { ($0.noun, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Throws: `invalidArgument` naming the nouns there are.
    func kind(_ noun: String) throws(Failure) -> any RecordKind {
        guard let kind = kinds[noun] else {
            throw Failure(.invalidArgument, "there are no records of this noun; there are \(kinds.keys.sorted().joined(separator: ", "))")
        }
        return kind
    }

    func create(_ caller: Caller, _ request: RecordCreateRequest) async throws(Failure) -> RecordResponse {
        let (record, secret) = try await kind(request.noun).create(caller, RecordFields(request.fields), secret: Self.secret(request.secret))
        return RecordResponse(record: record, secret: secret.map { buffer in withExtendedLifetime(buffer) { Array(buffer.bytes) } } ?? [])
    }

    func list(_ caller: Caller, _ request: RecordListRequest) async throws(Failure) -> RecordListResponse {
        let query = RecordQuery(filter: RecordFields(request.filter), after: request.after, limit: Int(request.limit))
        let page = try await kind(request.noun).list(caller, query)
        return RecordListResponse(records: page.records, next: page.next, total: UInt64(page.total))
    }

    func show(_ caller: Caller, _ request: RecordShowRequest) async throws(Failure) -> RecordResponse {
        RecordResponse(record: try await kind(request.noun).show(caller, id: request.id), secret: [])
    }

    func update(_ caller: Caller, _ request: RecordUpdateRequest) async throws(Failure) -> RecordResponse {
        let record = try await kind(request.noun).update(
            caller, id: request.id, RecordFields(request.fields), secret: Self.secret(request.secret),
            expected: request.expected == 0 ? nil : request.expected)
        return RecordResponse(record: record, secret: [])
    }

    func delete(_ caller: Caller, _ request: RecordDeleteRequest) async throws(Failure) -> RecordDeleteResponse {
        RecordDeleteResponse(count: UInt32(try await kind(request.noun).delete(caller, ids: request.ids)))
    }

    private static func secret(_ bytes: [UInt8]) -> SecretBuffer? { bytes.isEmpty ? nil : SecretBuffer(bytes) }
}

/// Calls accounts and translates what they refuse.
func accountCall<T>(_ body: () async throws(AccountError) -> T) async throws(Failure) -> T {
    do throws(AccountError) { return try await body() } catch { throw Failure(error) }
}
