import CofferCredentials
import CofferJSON
import CofferStore
import CofferUpstream
import Logging

// Refreshing (compat/rtmanage.md 1.2 and 3). Whether a token may be presented, and what becomes of the answer, the issuer decides.
extension RTManageDoor {
    /// Gets new tokens for a row: joins a refresh that runs, else dials (decisions 14).
    /// - Parameter info: what is asked for behind it; its failures change nothing.
    /// - Throws: where the store cannot answer now.
    func renew(
        _ row: RTManageRow, _ info: [RTManageInfo], by principal: String
    ) async throws(RTManageFailure) -> (row: RTManageRow, outcome: RTManageOutcome) {
        let before = try await sealed(row.credential)
        let report: RefreshReport
        do throws(CredentialError) {
            report = try await credentials.tokens.refresh(
                row.credential.number, options: RefreshOptions(hastens: true, optionalSteps: info.map(\.step)), by: principal)
        } catch {
            if [.locked, .busy, .readOnly, .storeFull].contains(error.code) { throw RTManageFailure(error, status: 500) }
            let present = current(row)
            return (present, RTManageOutcome(error, last: present.result))
        }
        let after = try await sealed(report.credential)
        let secrets = [before, after].flatMap { [$0.refresh, $0.access, $0.fields["client_secret"], $0.fields["proxy"]] }.compactMap { $0 }
        var row = RTManageRow(id: row.id, credential: report.credential)
        guard let answer = report.result else {
            // Somebody else's refresh was joined.
            guard let error = report.error else { return (row, RTManageOutcome(joined: row.result)) }
            return (row, RTManageOutcome(error, last: row.result))
        }
        let outcome = RTManageOutcome(answer, error: report.error, cutting: secrets)
        var change = CredentialChange()
        change.attributes[RTManageAttribute.result] = outcome.result
        change.attributes[RTManageAttribute.resultTime] = String(max(report.credential.state.resultTime, clock()))
        for info in info {
            guard let answer = report.optional[info.step] else { continue }
            guard let more = info.change(answer) else {
                note("info was not got", info, row, RTManageInfo.failure(answer))
                continue
            }
            change.merge(more)
        }
        row = await save(change, row, by: principal)
        return (row, outcome)
    }

    /// What the answer said beside its tokens, which are safe already: a failure here loses nothing but words.
    private func save(_ change: CredentialChange, _ row: RTManageRow, by principal: String) async -> RTManageRow {
        do throws(CredentialError) {
            return RTManageRow(id: row.id, credential: try await credentials.credentials.update(row.credential.number, change, by: principal))
        } catch {
            logger.warning(
                "what a refresh came to was not noted", metadata: ["door": "rtmanage", "row": "\(row.id)", "error": "\(error.code.rawValue)"])
            return row
        }
    }

    private func note(_ message: Logger.Message, _ info: RTManageInfo, _ row: RTManageRow, _ reason: String) {
        logger.notice(message, metadata: ["door": "rtmanage", "row": "\(row.id)", "step": "\(info.step)", "reason": "\(reason)"])
    }

    // MARK: Administrator

    func refresh(_ request: RTManageRequest, _ caller: RTManageCaller) async throws(RTManageFailure) -> RTManageAnswer {
        let body = try request.body()
        let id = try body.id()
        let wishes = [(RTManageInfo.user, try body.bool("refresh_user_info")), (.account, try body.bool("refresh_account_info"))]
        guard let row = try await row(id: id) else { throw RTManageFailure(500, "刷新失败: \(RTManageFailure.noSuchRow)") }
        let (found, outcome) = try await renew(row, wishes.filter { $0.1 == true }.map(\.0), by: caller.principal)
        if let inner = outcome.inner { throw RTManageFailure(500, "刷新失败: \(inner)") }
        recordReveal(1, "refresh", request.call, caller.principal)
        return RTManageAnswer("刷新成功", data: try await object(found))
    }

    /// One after the other, ascending by id; disabled ones too. What is not there is in no result, yet in the total.
    func refreshMany(_ request: RTManageRequest, _ caller: RTManageCaller) async throws(RTManageFailure) -> RTManageAnswer {
        let ids = try request.body().ids()
        let wanted = Set(ids.filter { $0 > 0 }.map { UInt64($0) })
        var results: [JSONValue] = []
        var good: Int64 = 0
        for row in try await rows() where wanted.contains(row.id) {
            var failure: String?
            do throws(RTManageFailure) {
                failure = try await renew(row, settings.infoOnBatch ? RTManageInfo.allCases : [], by: caller.principal).outcome.inner
            } catch {
                if credentials.isLocked { throw error }
                failure = error.message
            }
            if failure == nil { good += 1 }
            results.append(.object([
                ("rt_name", .string(row.bizID)), ("success", .bool(failure == nil)), ("message", .string(failure ?? "刷新成功")),
            ]))
        }
        return RTManageAnswer("批量刷新完成", data: .object([
            ("total_count", .integer(Int64(ids.count))), ("success_count", .integer(good)),
            ("fail_count", .integer(Int64(results.count) - good)), ("results", .array(results)),
        ]))
    }

    func refreshInfo(
        _ info: RTManageInfo, _ request: RTManageRequest, _ caller: RTManageCaller
    ) async throws(RTManageFailure) -> RTManageAnswer {
        let id = try request.id()
        guard let row = try await row(id: id) else { throw RTManageFailure(500, RTManageFailure.noSuchRow) }
        guard row.credential.fact(RTManageKind.access) != nil else { throw RTManageFailure(500, "AT为空，无法获取\(info.word)") }
        let failed = "刷新\(info.word)失败: "
        let answer: StepResult
        do throws(CredentialError) {
            answer = try await credentials.tokens.perform(row.credential.number, step: info.step, by: caller.principal)
        } catch {
            throw RTManageFailure(error, status: 500, prefix: failed)
        }
        guard answer.verdict == .ok else { throw RTManageFailure(500, failed + RTManageInfo.failure(answer)) }
        guard let change = info.change(answer) else { throw RTManageFailure(500, "保存\(info.word)失败: the answer is too long or is no JSON") }
        let credential: Credential
        do throws(CredentialError) {
            credential = try await credentials.credentials.update(row.credential.number, change, by: caller.principal)
        } catch {
            throw RTManageFailure(error, status: 500, prefix: "保存\(info.word)失败: ")
        }
        recordReveal(1, info.step, request.call, caller.principal)
        return RTManageAnswer("刷新\(info.word)成功", data: try await object(RTManageRow(id: row.id, credential: credential)))
    }

    // MARK: Public API

    /// Each call rotates: there is no "only if it has expired" (compat/rtmanage.md 1.6).
    func publicRefresh(_ request: RTManageRequest) async throws(RTManageFailure) -> RTManageAnswer {
        let row = try await publicRow(request)
        let (found, outcome) = try await renew(row, [], by: RTManageRequest.principal)
        if let inner = outcome.inner {
            throw RTManageFailure(500, "刷新失败: \(inner)", data: .object([("refresh_result", .string(outcome.result))]))
        }
        return RTManageAnswer("刷新成功", data: try await publicObject(found, request.call))
    }

    /// As it lies in the store, alive or not; empty where it was never got.
    func publicToken(_ request: RTManageRequest) async throws(RTManageFailure) -> RTManageAnswer {
        RTManageAnswer("获取成功", data: try await publicObject(try await publicRow(request), request.call))
    }

    /// By biz_id, else by e-mail, of which the lowest id counts. Disabled rows are served.
    private func publicRow(_ request: RTManageRequest) async throws(RTManageFailure) -> RTManageRow {
        let body = try request.body()
        let bizID = try body.text("biz_id")
        let email = try body.text("email")
        guard !bizID.isEmpty || !email.isEmpty else { throw RTManageFailure(400, "biz_id 和 email 至少提供一个") }
        if !bizID.isEmpty {
            // By its name alone: programs ask often, and there may be many rows.
            guard let credential = credentials.credentials.find(tenant: .main, name: Array(bizID.utf8)),
                credential.provider == RTManageRow.provider
            else { throw RTManageFailure(404, RTManageFailure.noSuchRow) }
            return try await row(of: credential)
        }
        guard let found = try await rows().first(where: { $0.credential.email.utf8.elementsEqual(email.utf8) }) else {
            throw RTManageFailure(404, RTManageFailure.noSuchRow)
        }
        return found
    }

    private func publicObject(_ row: RTManageRow, _ call: HTTPCall) async throws(RTManageFailure) -> JSONValue {
        let sealed = try await sealed(row.credential)
        recordReveal(1, "public", call, RTManageRequest.principal)
        return .object([
            ("biz_id", .string(row.bizID)), ("email", .string(row.credential.email)), ("access_token", .string(sealed.access?.text ?? "")),
            ("refresh_token", .string(sealed.refresh?.text ?? "")), ("type", .string(row.type)), ("user_name", .string(row.userName)),
        ])
    }
}

extension RTManageOutcome {
    /// Somebody else's refresh went well.
    init(joined result: String) {
        inner = nil
        self.result = result
    }
}

extension CredentialChange {
    /// Takes over what another change of the same credential says about fields that the door writes.
    mutating func merge(_ other: CredentialChange) {
        if let email = other.email { self.email = email }
        attributes.merge(other.attributes) { $1 }
        secrets.merge(other.secrets) { $1 }
    }
}
