import CofferCredentials
import CofferJSON
import CofferStore
import Logging

/// What of a row lies sealed. Read when an answer needs it, wiped with it.
struct RTManageSealed: Sendable {
    var refresh: SecretBuffer?
    var access: SecretBuffer?
    var fields: [String: SecretBuffer]

    /// Waits for the disk.
    init(of credential: Credential, in service: CredentialService) throws(CredentialError) {
        refresh = credential.fact(RTManageKind.refresh) == nil ? nil : try service.token(credential.number, kind: RTManageKind.refresh)
        access = credential.fact(RTManageKind.access) == nil ? nil : try service.token(credential.number, kind: RTManageKind.access)
        fields = credential.secretNames.isEmpty ? [:] : try service.secrets(credential.number)
    }
}

extension RTManageDoor {
    func sealed(_ credential: Credential) async throws(RTManageFailure) -> RTManageSealed {
        let service = credentials.credentials
        do throws(CredentialError) {
            return try await DiskWork.run { () throws(CredentialError) in try RTManageSealed(of: credential, in: service) }
        } catch {
            throw RTManageFailure(error, status: 500)
        }
    }

    /// The RT object: all its keys, tokens whole (compat/rtmanage.md 1.7; decisions 18).
    func object(_ row: RTManageRow) async throws(RTManageFailure) -> JSONValue { Self.object(row, try await sealed(row.credential)) }

    func objects(_ rows: [RTManageRow]) async throws(RTManageFailure) -> [JSONValue] {
        let service = credentials.credentials
        do throws(CredentialError) {
            return try await DiskWork.run { () throws(CredentialError) in
                var objects: [JSONValue] = []
                for row in rows { objects.append(Self.object(row, try RTManageSealed(of: row.credential, in: service))) }
                return objects
            }
        } catch {
            throw RTManageFailure(error, status: 500, prefix: "获取列表失败: ")
        }
    }

    static func object(_ row: RTManageRow, _ sealed: RTManageSealed) -> JSONValue {
        let credential = row.credential
        func text(_ secret: SecretBuffer?) -> JSONValue { .string(secret?.text ?? "") }
        let refreshed = row.refreshed
        return .object([
            ("id", .integer(Int64(clamping: row.id))), ("biz_id", .string(row.bizID)), ("user_name", .string(row.userName)),
            ("email", .string(credential.email)), ("type", .string(row.type)), ("rt", text(sealed.refresh)), ("at", text(sealed.access)),
            ("proxy", text(sealed.fields["proxy"])), ("client_id", .string(credential.clientID)), ("tag", .string(row.tag)),
            ("enabled", .bool(credential.isEnabled)), ("last_rt", text(sealed.fields[RTManageKind.previous])),
            ("refresh_result", .string(row.result)), ("user_info", text(sealed.fields[RTManageKind.userInfo])),
            ("account_info", text(sealed.fields[RTManageKind.accountInfo])),
            ("last_refresh_time", refreshed == 0 ? .null : .string(MachineTime(refreshed).rfc3339)), ("memo", .string(row.memo)),
            ("create_time", .string(MachineTime(row.created).rfc3339)), ("update_time", .string(MachineTime(row.updated).rfc3339)),
        ])
    }

    /// Whole tokens leave the store: who got them stands in the log, without their values.
    func recordReveal(_ count: Int, _ what: String, _ call: HTTPCall, _ principal: String) {
        guard count > 0 else { return }
        logger.notice(
            "tokens shown",
            metadata: [
                "door": "rtmanage", "what": "\(what)", "rows": "\(count)", "principal": "\(principal)", "client": "\(call.client)",
                "request": "\(call.requestID)",
            ])
    }
}
