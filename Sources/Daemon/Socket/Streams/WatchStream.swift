import CofferAudit
import CofferStore
import CofferWire

/// A watch: tells the changes of a name or prefix while credit and output allow, each judged by policy when it is told.
final class WatchStream: RequestStream {
    private static let historyAtOnce = 512

    private unowned let connection: Connection
    private unowned let request: PendingRequest
    private let fields: WatchRequest
    private let tenant: TenantID
    private var queue: WatchQueue
    private var credit: UInt32
    private var isAsking = false
    private let present: Position

    init(_ connection: Connection, _ request: PendingRequest, _ fields: WatchRequest, tenant: TenantID) {
        self.connection = connection
        self.request = request
        self.fields = fields
        self.tenant = tenant
        credit = fields.credit
        // Registered before the present is asked for: what is committed in between is told.
        connection.loop.addWatch()
        let present = connection.loop.position
        self.present = present
        let sameHistory = fields.from.map { $0.incarnation == present.incarnation } ?? true
        queue = WatchQueue(
            exact: fields.exact, name: fields.name, tenant: tenant, present: present.revision,
            from: sameHistory ? fields.from?.revision : nil)
        if !sameHistory { queue.startOver(at: present.revision) }
    }

    private var subject: WatchIndex<WatchStream>.Subject { .init(tenant: tenant, name: fields.name, exact: fields.exact) }

    /// Where it starts: every event has a revision above.
    func start() -> Position {
        connection.loop.watches.add(self, subject)
        if let from = fields.from, from.incarnation == present.incarnation, from.revision < present.revision { return from }
        return present
    }

    func closed() {
        connection.loop.watches.remove(self, subject)
        connection.loop.removeWatch()
    }

    func credited(_ count: UInt32) {
        credit = credit.addingReportingOverflow(count).overflow ? .max : credit + count
        resume()
    }

    /// What a commit changed, which concerns it.
    func committed(_ changes: [Change]) {
        queue.live(changes)
        resume()
        queue.dropIfBehind()
        resume()
        connection.loop.touch(connection)
    }

    /// What was told is of another incarnation.
    func startOver() {
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
            case .change(let change):
                guard isAllowed(change, caller) else { continue }
                tell(change, caller)
            }
        }
        if credit > 0 && connection.isBackedUp && !queue.isEmpty { connection.streamsWait = true }
        askForHistory()
    }

    private func isAllowed(_ change: Change, _ caller: Caller) -> Bool {
        caller.allows(.secret, fields.values ? .get : .info, change.name)
    }

    private func tell(_ change: Change, _ caller: Caller) {
        let follower = queue.follower { isAllowed($0, caller) }
        // A value that cannot be recorded is not told; that it changed is.
        let mayTell = !fields.values || !Self.setsValue(change)
            || connection.count(.watch, .secret, change.name, version: change.version, result: .ok)
        send(.change(WatchEvent.Change(
            revision: change.revision, ordinal: change.ordinal, last: follower?.revision != change.revision,
            operation: ChangeOperation(rawValue: change.operation.rawValue) ?? .update, version: change.version, name: change.name,
            value: fields.values && mayTell && Self.setsValue(change) ? value(behind: change) : nil)))
    }

    /// Whether get answers with another value behind the change; one that takes the value away sets none.
    private static func setsValue(_ change: Change) -> Bool {
        change.activeChanged && [.put, .activate, .undelete].contains(change.operation)
    }

    private func send(_ event: WatchEvent) {
        connection.send(.event, request.operation, request.id, event)
        credit -= 1
    }

    /// The value that the change made active: the version that it names, or the one that is active now.
    private func value(behind change: Change) -> [UInt8]? {
        let loop = connection.loop
        loop.refreshReader()
        guard loop.isUnlocked else { return nil }
        let version = change.operation == .put || change.operation == .activate ? change.version : 0
        return change.name.withUnsafeBytes { name in
            var size = 1_024
            while true {
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
                defer {
                    buffer.initializeMemory(as: UInt8.self, repeating: 0)
                    buffer.deallocate()
                }
                switch loop.reader.read(tenant: tenant, name: name, version: version, now: loop.now, into: buffer) {
                case .tooSmall(let needed): size = needed
                case .value(let found): return Array(buffer[..<found.valueLength])
                default: return nil
                }
            }
        }
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
            handle.resume { _, request in (request.stream as? WatchStream)?.arrived(history) }
        }
    }

    private func arrived(_ history: Result<ChangeHistory, StoreError>) {
        isAsking = false
        switch history {
        case .failure(let error): return connection.finish(request, Failure(error))
        case .success(.resync(let revision)): queue.historyLost(present: revision)
        case .success(.changes(let changes, let upTo, let complete)): queue.history(changes, upTo: upTo, complete: complete)
        }
        resume()
    }
}
