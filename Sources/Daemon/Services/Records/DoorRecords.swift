import CofferAccounts
import CofferStore
import CofferWire

/// `door`: what an HTTP door needs and the store keeps (decisions 17). The secret is the value; it is never shown again.
struct DoorRecords: RecordKind {
    let accounts: Accounts
    let noun = "door"

    func create(_ caller: Caller, _ fields: RecordFields, secret: SecretBuffer?) async throws(Failure) -> (record: Record, secret: SecretBuffer?) {
        throw Failure(.invalidArgument, "the fields of a door are set, not created")
    }

    func list(_ caller: Caller, _ query: RecordQuery) async throws(Failure) -> RecordPageResult {
        var filter = query.filter
        let door = filter.text("door")
        try filter.finish(.door)
        let visible = all().filter { (door == nil || $0.door == door) && caller.allows(.door, .info, of: .main, Array($0.door.utf8)) }
        return try RecordRules.page(visible.sorted { $0.id < $1.id }, query, key: \.id, record: \.record)
    }

    func show(_ caller: Caller, id: String) async throws(Failure) -> Record { try find(caller, .info, id).record }

    func update(_ caller: Caller, id: String, _ fields: RecordFields, secret: SecretBuffer?, expected: UInt64?) async throws(Failure) -> Record {
        var fields = fields
        let found = try find(caller, .put, id)
        let allowSample = try fields.bool("allow_sample") ?? false
        try fields.finish(.door)
        guard expected == nil else { throw Failure(.invalidArgument, "a door's field has no revision to expect") }
        try await accountCall { () async throws(AccountError) in
            try await accounts.doors.set(found.door, found.field, secret, allowSample: allowSample, by: caller.selector)
        }
        return try find(caller, .put, id).record
    }

    func delete(_ caller: Caller, ids: [String]) async throws(Failure) -> Int {
        throw Failure(.invalidArgument, "the fields of a door are unset by an empty value")
    }

    private struct Entry {
        var door: String
        var field: String
        var record: Record
        var id: String { record.id }
    }

    private func all() -> [Entry] {
        accounts.doors.list().map { setting in
            var builder = RecordBuilder()
            builder.text("door", setting.door)
            builder.text("field", setting.field)
            builder.text("description", DoorSettingsService.fields[setting.door]?.first { $0.name == setting.field }?.description ?? "")
            builder.bool("set", setting.isSet)
            builder.time("changed", setting.changed)
            return Entry(door: setting.door, field: setting.field, record: builder.record(noun, id: "\(setting.door)/\(setting.field)", revision: 0))
        }
    }

    private func find(_ caller: Caller, _ action: Action, _ id: String) throws(Failure) -> Entry {
        let door = String(id.prefix { $0 != "/" })
        try caller.require(.door, action, of: .main, Array(door.utf8))
        guard let entry = all().first(where: { $0.id == id }) else {
            guard caller.allows(.door, .info, of: .main, Array(door.utf8)) else { throw .denied }
            throw Failure(.notFound, "there is no such field; there are \(all().map(\.id).sorted().joined(separator: ", "))")
        }
        return entry
    }
}
