import CofferClient
import CofferHTTP
import CofferJSON
import CofferWire

/// What an operator sees first: what works, what expires, what needs a person, what happened.
enum OverviewRoute {
    static var route: AdminRoute {
        AdminRoute(
            "GET", "/v1/overview", "getOverview", tag: "status", "Health, what expires soon, what needs a person, what happened",
            query: [.init(name: "days", schema: .number, summary: "how far to look ahead, 1 to 90; default 14")],
            answer: .object([
                .init("health", .list(.object([
                    .init("name", .text, required: true), .init("ok", .flag, required: true), .init("detail", .text),
                ])), required: true),
                .init("expiring", .list(.object([
                    .init("noun", .text, required: true), .init("name", .text, required: true), .init("at", .moment, required: true), .init("state", .text),
                ])), required: true),
                .init("attention", .list(.object([
                    .init("noun", .text, required: true), .init("id", .text, required: true), .init("state", .text), .init("reason", .text),
                ])), required: true),
                .init("series", .object([]), required: true), .init("counts", .object([]), required: true),
            ])
        ) { call in
            let days = try call.queryNumber("days", 1...90) ?? 14
            let client = try call.client()
            let now = call.api.now
            let look = Look(client: client, until: now + days * 86_400_000)
            // Whoever may not look at one of them sees the others.
            let credentials = try await look.all("credential")
            let pools = try await look.all("pool")
            let keys = try await look.all("apikey")
            let schedules = try await look.all("schedule")
            let sinks = try await look.all("sink")
            let status = try await look.status()
            call.api.history.start()
            return .json(.object([
                ("time", .exact(now)), ("health", .array(await health(call, client, look))),
                ("expiring", .array(look.expiring(credentials, keys))),
                ("attention", .array(look.attention(credentials, pools, schedules, sinks))), ("series", series(call.api.history.steps)),
                ("counts", .object([
                    ("credentials", states(credentials)), ("pools", .integer(Int64(pools.count))), ("api_keys", .integer(Int64(keys.count))),
                    ("schedules", .integer(Int64(schedules.count))), ("secrets", status["secrets"].map { .exact($0) } ?? .null),
                ])),
            ]))
        }
    }

    private static func health(_ call: AdminCall, _ client: CofferClient, _ look: Look) async -> [JSONValue] {
        func line(_ name: String, _ problem: String?, _ detail: String = "") -> JSONValue {
            .object([("name", .string(name)), ("ok", .bool(problem == nil)), ("detail", .string(problem ?? detail))])
        }
        var lines = await call.api.health.health().map { line($0.name, $0.problem) }
        if let slots = try? await client.slotList() { lines.append(line("slots", slots.isEmpty ? "there are none" : nil, "\(slots.count)")) }
        if let backups = try? await client.scheduledBackups() {
            let proven = backups.lastProven == 0 ? "" : "\(backups.lastProven)"
            lines.append(line("last-proven-backup", backups.isOverdue ? "overdue" : nil, proven))
        }
        lines += call.api.facts.doors.map { line("http." + $0.id, nil, $0.listen) }
        return lines
    }

    private static func states(_ records: [Record]) -> JSONValue {
        let counts = Dictionary(records.map { ($0["state"] ?? "", Int64(1)) }, uniquingKeysWith: +)
        return .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })
    }

    private static func series(_ steps: [ActivityHistory.Step]) -> JSONValue {
        .object([
            ("requests", .array(steps.map {
                .object([("time", .exact($0.time)), ("count", .exact($0.requests)), ("refused", .exact($0.refused))])
            })),
            ("refreshes", .array(steps.map {
                .object([("time", .exact($0.time)), ("ok", .exact($0.refreshed)), ("failed", .exact($0.failed))])
            })),
        ])
    }

    /// What the caller may see of the records.
    private struct Look {
        let client: CofferClient
        let until: UInt64
        /// So many are looked through: an overview is no audit.
        private static let most = 20_000
        private static let shown = 200

        func all(_ noun: String) async throws -> [Record] {
            var records: [Record] = []
            var after = ""
            do {
                repeat {
                    let page = try await client.records(noun, after: after, limit: 1_000)
                    records += page.records
                    guard page.next != after else { break }
                    after = page.next
                } while !after.isEmpty && records.count < Self.most
            } catch let error as ClientError where error.code == .denied {}
            return records
        }

        func status() async throws -> [String: UInt64] {
            do {
                return Dictionary(
                    try await client.status().entries.compactMap { entry in
                        if case .number(let number) = entry.value { (entry.key, number) } else { nil }
                    }, uniquingKeysWith: { $1 })
            } catch let error as ClientError where error.code == .denied { return [:] }
        }

        func expiring(_ credentials: [Record], _ keys: [Record]) -> [JSONValue] {
            var found: [(at: UInt64, noun: String, name: String, state: String)] = []
            for record in credentials {
                guard let at = record["access_expires"].flatMap(UInt64.init), at > 0, at <= until else { continue }
                found.append((at, "credential", record.id, record["state"] ?? ""))
            }
            for record in keys {
                guard let seconds = record["expires"].flatMap(UInt64.init), seconds > 0, seconds < UInt64.max / 1_000, seconds * 1_000 <= until,
                    record["status"] == "enabled"
                else { continue }
                found.append((seconds * 1_000, "api-key", record["name"] ?? record.id, record["status"] ?? ""))
            }
            return found.sorted { ($0.at, $0.name) < ($1.at, $1.name) }.prefix(Self.shown).map {
                .object([("noun", .string($0.noun)), ("name", .string($0.name)), ("at", .exact($0.at)), ("state", .string($0.state))])
            }
        }

        func attention(_ credentials: [Record], _ pools: [Record], _ schedules: [Record], _ sinks: [Record]) -> [JSONValue] {
            func item(_ noun: String, _ record: Record, _ state: String, _ reason: String) -> JSONValue {
                .object([("noun", .string(noun)), ("id", .string(record.id)), ("state", .string(state)), ("reason", .string(reason))])
            }
            var items: [JSONValue] = []
            for record in credentials where ["needs-person", "dead", "suspect"].contains(record["state"] ?? "") {
                items.append(item("credential", record, record["state"] ?? "", record["reason"] ?? ""))
            }
            for record in pools where record["state"] == "no-live-member" { items.append(item("pool", record, "no-live-member", "")) }
            for record in schedules where record["enabled"] == "true" && (record["failures"] ?? "0") != "0" {
                items.append(item("schedule", record, "failing", record["result"] ?? ""))
            }
            for record in sinks where record["enabled"] == "true" && !(record["error"] ?? "").isEmpty {
                items.append(item("sink", record, "in-trouble", record["error"] ?? ""))
            }
            return Array(items.prefix(Self.shown))
        }
    }
}
