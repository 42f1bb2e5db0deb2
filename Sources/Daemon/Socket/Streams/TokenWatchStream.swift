import CofferCredentials
import CofferStore
import CofferUpstream
import CofferWire

/// A watch of tokens: tells how credentials or pools stand whenever that changes, while credit and output allow, each judged by policy when
/// it is told.
final class TokenWatchStream: RequestStream {
    private static let historyAtOnce = 512

    private unowned let connection: Connection
    private unowned let request: PendingRequest
    private let fields: TokenWatchRequest
    private let subjects: TokenWatchSubjects
    private var queue: TokenWatchQueue
    private var credit: UInt32
    private var isAsking = false
    private let present: Position
    /// The names of those that are watched, by number: what is renamed or deleted is told of once more.
    private var known: [UInt64: DocumentName] = [:]

    init(_ connection: Connection, _ request: PendingRequest, _ fields: TokenWatchRequest, tenant: TenantID) {
        self.connection = connection
        self.request = request
        self.fields = fields
        subjects = TokenWatchSubjects(
            credentials: connection.loop.services.credentials, tenant: tenant, isPool: fields.isPool, exact: fields.exact, name: fields.name)
        credit = fields.credit
        // Registered before the present is asked for: what is committed in between is told.
        connection.loop.addWatch()
        let present = connection.loop.position
        self.present = present
        let sameHistory = fields.from.map { $0.incarnation == present.incarnation } ?? true
        queue = TokenWatchQueue(present: present.revision, from: sameHistory ? fields.from?.revision : nil)
        if !sameHistory { queue.startOver(at: present.revision) }
        known = subjects.all()
    }

    /// Where it starts: every event has a revision above.
    func start() -> Position {
        connection.loop.tokenWatches.append(self)
        if let from = fields.from, from.incarnation == present.incarnation, from.revision < present.revision { return from }
        return present
    }

    func closed() {
        connection.loop.tokenWatches.removeAll { $0 === self }
        connection.loop.removeWatch()
    }

    func credited(_ count: UInt32) {
        credit = credit.addingReportingOverflow(count).overflow ? .max : credit + count
        resume()
    }

    /// Whose change it is, of those that are watched or were until now.
    private func concerned(_ change: Change) -> [UInt64] {
        subjects.numbers(change).filter { known[$0] != nil || subjects.isMeant($0) }
    }

    /// What a commit changed.
    func committed(_ changes: [Change]) {
        queue.live(changes, numbersOf: concerned)
        resume()
        connection.loop.touch(connection)
    }

    /// What was told is of another incarnation, and other things may bear the numbers.
    func startOver() {
        known = subjects.all()
        queue.startOver(at: connection.loop.position.revision)
        resume()
        connection.loop.touch(connection)
    }

    func resume() {
        let caller = connection.currentCaller()
        while credit > 0, !connection.isBackedUp, let next = queue.next() {
            switch next {
            case .resync(let revision):
                send(.resync(Position(incarnation: connection.loop.position.incarnation, revision: revision)))
            case .change(let number, let revision, let last): tell(number, revision, last, caller)
            }
        }
        if credit > 0 && connection.isBackedUp && !queue.isEmpty { connection.streamsWait = true }
        askForHistory()
    }

    private func tell(_ number: UInt64, _ revision: UInt64, _ last: Bool, _ caller: Caller) {
        let before = known[number]
        let subject = subjects.find(number, now: connection.loop.now)
        known[number] = subject?.name
        // One that has another name now, or is not there any more, is told of by the name that was watched.
        guard let name = subject?.name ?? before, caller.maySeeTokens(of: subjects.tenant, name.bytes, pool: fields.isPool) else { return }
        send(.change(TokenWatchEvent.Change(
            revision: revision, last: last, number: number, name: name.description, state: subject?.state ?? "gone",
            expires: subject?.expires ?? 0, tokenRevision: subject?.tokenRevision ?? 0)))
    }

    private func send(_ event: TokenWatchEvent) {
        connection.send(.event, request.operation, request.id, event)
        credit -= 1
    }

    private func askForHistory() {
        guard !isAsking, queue.wantsHistory else { return }
        isAsking = true
        let handle = connection.handle(of: request)
        let position = queue.historyPosition
        connection.loop.store.onWorker { worker in
            let history: Result<ChangeHistory, StoreError>
            do throws(StoreError) {
                history = .success(try worker.get().changes(after: position, limit: Self.historyAtOnce))
            } catch {
                history = .failure(error)
            }
            handle.resume { _, request in (request.stream as? TokenWatchStream)?.arrived(history) }
        }
    }

    private func arrived(_ history: Result<ChangeHistory, StoreError>) {
        isAsking = false
        switch history {
        case .failure(let error): return connection.finish(request, Failure(error))
        case .success(.resync(let revision)): queue.historyLost(present: revision)
        case .success(.changes(let changes, let upTo, let complete)): 
            queue.history(changes, upTo: upTo, complete: complete, numbersOf: concerned)
        }
        resume()
    }
}

/// What a watch of tokens is about: the credentials or pools of a tenant by a name or a prefix.
struct TokenWatchSubjects: Sendable {
    struct Subject {
        var name: DocumentName
        var state: String
        var expires: UInt64
        var tokenRevision: UInt64
    }

    let credentials: Credentials
    let tenant: TenantID
    let isPool: Bool
    let exact: Bool
    let name: [UInt8]

    private func isMeant(_ bytes: [UInt8]) -> Bool { exact ? bytes == name : bytes.starts(with: name) }

    /// Whose change it is. Documents are called by number, or `NUMBER/KIND`. What becomes of a member concerns its pools.
    func numbers(_ change: Change) -> [UInt64] {
        var isOfPool = false
        switch change.table {
        case .credentials, .credentialStates, .credentialTokens: break
        case .pools, .poolStates, .poolTokens: isOfPool = true
        default: return []
        }
        guard isPool || !isOfPool else { return [] }
        guard let number = UInt64(String(decoding: change.name.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)) else { return [] }
        return isPool && !isOfPool ? credentials.pools.pools(with: number) : [number]
    }

    func all() -> [UInt64: DocumentName] {
        if isPool {
            return Dictionary(
                credentials.pools.list(tenant: tenant) { isMeant($0.name.bytes) }.map { ($0.number, $0.name) }, uniquingKeysWith: { $1 })
        }
        return Dictionary(
            credentials.credentials.list(tenant: tenant) { isMeant($0.name.bytes) }.map { ($0.number, $0.name) }, uniquingKeysWith: { $1 })
    }

    func isMeant(_ number: UInt64) -> Bool {
        if isPool { return credentials.pools.find(number).map { $0.tenant == tenant && isMeant($0.name.bytes) } ?? false }
        return credentials.credentials.find(number).map { $0.tenant == tenant && isMeant($0.name.bytes) } ?? false
    }

    /// `nil`: there is none of this number, or it is not meant.
    func find(_ number: UInt64, now: UInt64) -> Subject? {
        if isPool {
            guard let pool = credentials.pools.find(number), pool.tenant == tenant, isMeant(pool.name.bytes) else { return nil }
            return Subject(
                name: pool.name, state: PoolRecords.word(pool, credentials.pools), expires: pool.ownToken?.expires ?? 0, tokenRevision: 0)
        }
        guard let credential = credentials.credentials.find(number), credential.tenant == tenant, isMeant(credential.name.bytes) else { return nil }
        let lead = credentials.providers.find(credential.provider)?.lead ?? 0
        return Subject(
            name: credential.name, state: credential.word(now: now, lead: lead), expires: credential.fact("access")?.expires ?? 0,
            tokenRevision: credentials.credentials.tokenRevision(number))
    }
}
