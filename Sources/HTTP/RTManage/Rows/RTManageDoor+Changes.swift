import CofferAccounts
import CofferCredentials
import CofferJSON
import CofferStore

// Creating, changing and deleting rows (compat/rtmanage.md 1.4 and 1.5).
extension RTManageDoor {
    func create(_ request: RTManageRequest, _ caller: RTManageCaller) async throws(RTManageFailure) -> RTManageAnswer {
        let body = try request.body()
        let token = try body.text("rt_token")
        let bizID = try body.text("biz_id")
        let proxy = try body.text("proxy")
        let clientID = try body.text("client_id")
        let tag = try body.text("tag")
        let memo = try body.text("memo")
        let isEnabled = try body.bool("enabled") ?? false
        try RTManageBody.require([("RTToken", !token.isEmpty)])
        let name = bizID.isBlank ? Self.randomID() : bizID
        var draft = try Self.draft(name, token, proxy: proxy, clientID: clientID.isEmpty ? settings.clientID : clientID, tag: tag)
        draft.isEnabled = isEnabled
        if let label = Self.label(memo) { draft.memo = label } else { draft.attributes[RTManageAttribute.memo] = memo }
        let made = draft
        let credential = try await turns.run { () async throws(RTManageFailure) in
            let taken = RTManageFailure(400, "RT名称 '\(name)' 已存在")
            let service = self.credentials.credentials
            guard service.find(tenant: .main, name: made.name.bytes) == nil else { throw taken }
            guard !(try await self.knownTokens().contains(self.digests.digest(SecretBuffer(Array(token.utf8))))) else {
                throw RTManageFailure(400, "此RT Token已存在")
            }
            do throws(CredentialError) { return try await service.create(made, by: caller.principal) } catch {
                switch (error.code, error.field) {
                case (.alreadyExists, RTManageKind.refresh): throw RTManageFailure(400, "此RT Token已存在")
                case (.alreadyExists, _): throw taken
                default: throw RTManageFailure(error, status: 400)
                }
            }
        }
        recordReveal(1, "create", request.call, caller.principal)
        return RTManageAnswer("创建成功", data: try await object(try await row(of: credential)))
    }

    /// The fingerprints of all refresh tokens that are there.
    func knownTokens() async throws(RTManageFailure) -> Set<[UInt8]> {
        let rows = try await rows()
        let digests = digests
        let service = credentials.credentials
        do throws(CredentialError) {
            return try await DiskWork.run { () throws(CredentialError) in try digests.all(of: rows, in: service) }
        } catch {
            throw RTManageFailure(error, status: 500)
        }
    }

    /// - Throws: 400 for a name that none may be.
    static func draft(_ name: String, _ token: String, proxy: String, clientID: String, tag: String) throws(RTManageFailure) -> CredentialDraft {
        var draft = CredentialDraft(tenant: .main, name: try documentName(name), provider: RTManageRow.provider)
        draft.clientID = clientID
        draft.tags = RTManageTag.tags(tag)
        if !proxy.isEmpty { draft.secrets["proxy"] = SecretBuffer(Array(proxy.utf8)) }
        draft.tokens[RTManageKind.refresh] = SecretBuffer(Array(token.utf8))
        draft.numbering = .rtmanage
        return draft
    }

    static func documentName(_ name: String) throws(RTManageFailure) -> DocumentName {
        do throws(NameError) { return try DocumentName(name.utf8) } catch {
            throw RTManageFailure(400, "RT名称无效: \(error.rawValue)")
        }
    }

    /// The memo where a label may be so; others, with line breaks, are kept as an attribute.
    static func label(_ memo: String) -> String? { (try? Label(memo)).map(\.text) }

    /// As a UUID of version 4 without its dashes.
    static func randomID() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    // MARK: Update

    func update(_ request: RTManageRequest, _ caller: RTManageCaller) async throws(RTManageFailure) -> RTManageAnswer {
        let body = try request.body()
        let id = try body.wideInteger("id")
        let updates = try body.object("updates")
        try RTManageBody.require([("ID", id != 0), ("Updates", updates != nil)])
        guard let row = try await row(id: id) else { throw RTManageFailure(400, RTManageFailure.noSuchRow) }
        let change = try Self.change(updates ?? [], at: clock())
        let credential: Credential
        do throws(CredentialError) {
            credential = try await credentials.credentials.update(row.credential.number, change, by: caller.principal)
        } catch {
            switch error.code {
            case .alreadyExists: throw RTManageFailure(400, "RT名称 '\(change.name?.description ?? "")' 已被使用")
            case .notFound: throw RTManageFailure(400, RTManageFailure.noSuchRow)
            default: throw RTManageFailure(error, status: 400)
            }
        }
        recordReveal(1, "update", request.call, caller.principal)
        return RTManageAnswer("更新成功", data: try await object(RTManageRow(id: row.id, credential: credential)))
    }

    /// What is of another type, or of no name that counts, changes nothing; the row counts as saved all the same.
    static func change(_ updates: [(String, JSONValue)], at now: UInt64) throws(RTManageFailure) -> CredentialChange {
        let fields = JSONValue.object(updates)
        var change = CredentialChange()
        change.attributes[RTManageAttribute.touched] = String(now)
        if let name = fields["biz_id"]?.string, !name.isEmpty { change.name = try documentName(name) }
        if let proxy = fields["proxy"]?.string {
            change.secrets["proxy"] = .some(proxy.isEmpty ? nil : SecretBuffer(Array(proxy.utf8)))
        }
        if let clientID = fields["client_id"]?.string { change.clientID = clientID }
        if let tag = fields["tag"]?.string { change.tags = RTManageTag.tags(tag) }
        if let memo = fields["memo"]?.string {
            let label = label(memo)
            change.memo = label ?? ""
            change.attributes[RTManageAttribute.memo] = .some(label == nil ? memo : nil)
        }
        if let isEnabled = fields["enabled"]?.bool { change.isEnabled = isEnabled }
        return change
    }

    // MARK: Delete

    /// What is not there counts as deleted.
    func delete(_ request: RTManageRequest, _ caller: RTManageCaller) async throws(RTManageFailure) -> RTManageAnswer {
        let id = try request.id()
        if let row = try await row(id: id) {
            do throws(CredentialError) {
                _ = try await credentials.credentials.delete([row.credential.number], by: caller.principal)
            } catch {
                throw RTManageFailure(error, status: 500, prefix: "删除失败: ")
            }
        }
        return RTManageAnswer("删除成功")
    }

    func deleteMany(_ request: RTManageRequest, _ caller: RTManageCaller) async throws(RTManageFailure) -> RTManageAnswer {
        let ids = try request.body().ids()
        let wanted = Set(ids.filter { $0 > 0 }.map { UInt64($0) })
        let numbers = wanted.isEmpty ? [] : try await rows().filter { wanted.contains($0.id) }.map(\.credential.number)
        do throws(CredentialError) {
            if !numbers.isEmpty { _ = try await credentials.credentials.delete(numbers, by: caller.principal) }
        } catch {
            throw RTManageFailure(error, status: 500, prefix: "批量删除失败: ")
        }
        return RTManageAnswer("批量删除完成", data: .object([
            ("success_count", .integer(Int64(ids.count))), ("fail_count", .integer(0)), ("error", .null),
        ]))
    }
}

extension String {
    /// Nothing but what Go's `TrimSpace` takes away.
    var isBlank: Bool { unicodeScalars.allSatisfy { $0.properties.isWhitespace } }

    /// Without white space at both ends, as Go's `TrimSpace` has it.
    var trimmed: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}
