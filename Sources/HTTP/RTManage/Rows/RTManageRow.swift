import CofferCredentials
import CofferStore

/// An RT: a credential of tenant `main` with the provider `openai`, whoever made it.
struct RTManageRow: Sendable {
    let id: UInt64
    let credential: Credential

    static let provider = "openai"

    var bizID: String { credential.name.description }
    var userName: String { credential.attributes[RTManageAttribute.userName] ?? "" }
    var type: String { credential.attributes[RTManageAttribute.type] ?? "" }
    var tag: String { RTManageTag.text(credential.tags) }
    var memo: String { credential.memo.isEmpty ? credential.attributes[RTManageAttribute.memo] ?? "" : credential.memo }

    /// What the last refresh came to: the door's own words, unless somebody else refreshed since.
    var result: String {
        let attributes = credential.attributes
        let own = time(RTManageAttribute.resultTime) ?? 0
        if let result = attributes[RTManageAttribute.result], own >= credential.state.resultTime { return result }
        return credential.state.result
    }

    /// Unix milliseconds. Of rows that came from RT-manage itself its own times.
    var created: UInt64 { time(RTManageAttribute.created) ?? credential.created }
    /// The last success; 0: never.
    var refreshed: UInt64 { credential.state.lastRefresh != 0 ? credential.state.lastRefresh : time(RTManageAttribute.refreshed) ?? 0 }

    private func time(_ attribute: String) -> UInt64? { credential.attributes[attribute].flatMap { UInt64($0) } }

    var updated: UInt64 {
        max(credential.updated, credential.state.resultTime, credential.state.lastRefresh, credential.tokens.map(\.obtained).max() ?? 0)
    }
}

/// One tag in the API, several in the store: joined by commas there and back.
enum RTManageTag {
    static func text(_ tags: [String]) -> String { tags.joined(separator: ",") }

    /// A text that does not come apart into tags is one.
    static func tags(_ text: String) -> [String] {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let areTags = parts.allSatisfy { (try? DocumentName($0.utf8)) != nil } && Set(parts.map { Array($0.utf8) }).count == parts.count
        return areTags ? parts : [text]
    }
}

extension RTManageDoor {
    /// All rows, ascending by id. Rows that others made get their ids here.
    func rows() async throws(RTManageFailure) -> [RTManageRow] {
        let numbering = CredentialNumbering.rtmanage
        let service = credentials.credentials
        for _ in 0..<2 {
            var taken: Set<UInt64> = []
            var missing: [UInt64] = []
            var rows: [RTManageRow] = []
            for credential in service.list(tenant: .main, where: { $0.provider == RTManageRow.provider }) {
                if let id = numbering.number(of: credential), taken.insert(id).inserted {
                    rows.append(RTManageRow(id: id, credential: credential))
                } else {
                    missing.append(credential.number)
                }
            }
            guard !missing.isEmpty else { return rows.sorted { $0.id < $1.id } }
            do throws(CredentialError) {
                try await service.assign(numbering, to: missing, by: RTManageRequest.principal)
            } catch {
                throw RTManageFailure(error, status: 500)
            }
        }
        // Others were made in between, twice: they are seen next time.
        var taken: Set<UInt64> = []
        return service.list(tenant: .main, where: { $0.provider == RTManageRow.provider }).compactMap { credential in
            guard let id = numbering.number(of: credential), taken.insert(id).inserted else { return nil }
            return RTManageRow(id: id, credential: credential)
        }.sorted { $0.id < $1.id }
    }

    func row(id: Int64) async throws(RTManageFailure) -> RTManageRow? {
        guard id > 0 else { return nil }
        return try await rows().first { $0.id == UInt64(id) }
    }

    /// The row as it is now; the id is known.
    func current(_ row: RTManageRow) -> RTManageRow {
        RTManageRow(id: row.id, credential: credentials.credentials.find(row.credential.number) ?? row.credential)
    }

    func row(of credential: Credential) async throws(RTManageFailure) -> RTManageRow {
        if let id = CredentialNumbering.rtmanage.number(of: credential) { return RTManageRow(id: id, credential: credential) }
        guard let row = try await rows().first(where: { $0.credential.number == credential.number }) else {
            throw RTManageFailure(500, RTManageFailure.noSuchRow)
        }
        return row
    }
}
