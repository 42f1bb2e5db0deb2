import CofferAccounts
import CofferClient
import CofferHTTP
import CofferJSON
import CofferWire

/// Server-sent events: what changes, as it changes (WHATWG HTML, "Server-sent events").
enum EventRoute {
    static var route: AdminRoute {
        var route = AdminRoute(
            "GET", "/v1/events", "watchEvents", tag: "events",
            "change, resync (look at everything again), locked, unlocked, end (log in again); a comment every 15 s",
            headers: ["Last-Event-ID"], answer: .text
        ) { call in
            let caller = try call.requireCaller()
            let client = try call.client()
            let api = call.api
            try api.events.enter()
            let isNew = call.http.header("Last-Event-ID") == nil
            return AdminReply(
                headers: [("Content-Type", "text/event-stream"), ("X-Accel-Buffering", "no")],
                stream: HTTPStream { writer in
                    defer { api.events.leave() }
                    try await EventFeed(client: client, writer: writer) { api.sessions.goesOn(caller) || api.accounts.isLocked }.run(isNew: isNew)
                })
        }
        route.answerType = "text/event-stream"
        return route
    }
}

/// Writes the changes that one caller may see.
struct EventFeed: Sendable {
    let client: CofferClient
    let writer: HTTPStreamWriter
    /// Whether the caller is still let in.
    let goesOn: @Sendable () -> Bool

    private enum Item: Sendable {
        case change(noun: String, name: (String, JSONValue)?, state: String, revision: UInt64)
        case resync
        case locked
        /// The store is open, at this revision.
        case open(UInt64)
        case unlocked
        case beat
        case end
    }

    /// What the client has been told: the watches and the clock see a lock each for themselves.
    private struct Standing {
        private var isLocked = false
        private var revision: UInt64?

        mutating func take(_ item: Item) -> [Item] {
            switch item {
            case .locked:
                defer { isLocked = true }
                return isLocked ? [] : [.locked]
            case .open(let now):
                defer { (isLocked, revision) = (false, now) }
                if isLocked { return [.unlocked, .resync] }
                return revision == nil || revision == now ? [] : [.change(noun: "other", name: nil, state: "", revision: now)]
            default: return [item]
            }
        }
    }

    private static let tick = Duration.seconds(1)
    private static let ticksPerBeat = 15

    /// - Parameter isNew: otherwise the client was connected before, and may have missed something.
    func run(isNew: Bool) async throws {
        let (items, feed) = AsyncStream.makeStream(of: Item.self, bufferingPolicy: .bufferingNewest(1_000))
        try await writer.write("retry: 2000\n\n")
        if !isNew { try await write(.resync) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.watch("secret", feed) { try await self.secrets(feed) } }
            group.addTask { await self.watch("credential", feed) { try await self.tokens(pools: false, feed) } }
            group.addTask { await self.watch("pool", feed) { try await self.tokens(pools: true, feed) } }
            group.addTask { try await self.keepTime(feed) }
            group.addTask {
                var standing = Standing()
                for await item in items {
                    for item in standing.take(item) {
                        try await self.write(item)
                        if case .end = item { return }
                    }
                }
            }
            // The first that ends (the client has gone, or may not go on) ends all. Watches alone never do.
            defer { group.cancelAll() }
            while try await group.next() != nil { if Task.isCancelled { return } }
        }
    }

    /// Watches again and again: a locked store and a lost right are waited out.
    private func watch(_ noun: String, _ feed: AsyncStream<Item>.Continuation, _ body: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            do { try await body() } catch let error as ClientError where error.code == .locked {
                feed.yield(.locked)
            } catch {}
            try? await Task.sleep(for: .seconds(2))
        }
    }

    private func secrets(_ feed: AsyncStream<Item>.Continuation) async throws {
        for try await update in try await client.watch(prefix: "") {
            switch update {
            case .change(let change):
                feed.yield(.change(
                    noun: "secret", name: SecretJSON.name(change.name), state: AdminFailure.word("\(change.operation)"), revision: change.revision))
            case .resync: feed.yield(.resync)
            }
        }
    }

    private func tokens(pools: Bool, _ feed: AsyncStream<Item>.Continuation) async throws {
        for try await update in try await client.watchTokens(prefix: "", pool: pools) {
            switch update {
            case .change(let change):
                feed.yield(.change(
                    noun: pools ? "pool" : "credential", name: ("name", .string(change.name)), state: change.state, revision: change.revision))
            case .resync: feed.yield(.resync)
            }
        }
    }

    /// Nouns that cannot be watched: the store's revision says that something of them may have changed. And the heartbeat.
    private func keepTime(_ feed: AsyncStream<Item>.Continuation) async throws {
        var ticks = 0
        while true {
            try await Task.sleep(for: Self.tick)
            ticks += 1
            guard goesOn() else {
                feed.yield(.end)
                return try await Task.sleep(for: Self.tick)
            }
            if ticks % Self.ticksPerBeat == 0 { feed.yield(.beat) }
            do { feed.yield(try await client.currentPosition().map { .open($0) } ?? .locked) } catch {}
        }
    }

    private func write(_ item: Item) async throws {
        switch item {
        case .change(let noun, let name, let state, let revision):
            var members: [(String, JSONValue)] = [("noun", .string(noun))]
            if let name { members.append(name) }
            members += [("state", .string(state)), ("revision", .exact(revision))]
            let data = String(decoding: JSONValue.object(members).encoded(), as: UTF8.self)
            try await writer.write("id: \(revision)\nevent: change\ndata: \(data)\n\n")
        case .resync: try await writer.write("event: resync\ndata: {}\n\n")
        case .locked: try await writer.write("event: locked\ndata: {}\n\n")
        case .unlocked: try await writer.write("event: unlocked\ndata: {}\n\n")
        case .end: try await writer.write("event: end\ndata: {}\n\n")
        case .beat: try await writer.write(": beat\n\n")
        case .open: break
        }
    }
}

extension CofferClient {
    /// The store's revision; `nil` while it is locked.
    fileprivate func currentPosition() async throws -> UInt64? {
        let entries = try await status(timeout: .seconds(5)).entries
        func number(_ key: String) -> UInt64? {
            entries.first { $0.key == key }.flatMap { if case .number(let number) = $0.value { number } else { nil } }
        }
        if number("locked") == 1 { return nil }
        return number("revision") ?? 0
    }
}
