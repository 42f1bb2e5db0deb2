import CofferWire

/// Who sent a frame.
enum Direction: String, CaseIterable, Sendable {
    case client
    case server
}

/// The type of a body, erased: decodes and encodes again.
struct Codec: Sendable {
    /// As the vectors call it: `get request`, `list chunk`, `credit`.
    let name: String
    let recode: @Sendable ([UInt8]) throws(WireError) -> [UInt8]

    init<Message: WireMessage>(_ name: String, _ type: Message.Type) {
        self.name = name
        recode = { body throws(WireError) in
            let message = try Message(decoding: body)
            // A message that does not equal itself could not be tested by anybody.
            precondition(message == message)
            return message.encoded()
        }
    }
}

/// From what stands in a header to the type of the body. protocol.md, "Operations".
enum Registry {
    enum Entry: Sendable {
        case codec(Codec)
        case unknownOperation
        case unexpected
    }

    static func lookup(_ header: FrameHeader, from direction: Direction) -> Entry {
        if header.requestID == 0 {
            guard direction == .server, header.kind == .end, header.operation == 0 else { return .unexpected }
            return .codec(Codec("connection end", Failure.self))
        }
        guard let operation = Operation(rawValue: header.operation) else {
            switch (direction, header.kind) {
            case (.client, .request): return .unknownOperation
            case (.server, .response): return .codec(Codec("unknown response", Failure.self))
            default: return .unexpected
            }
        }
        let found =
            switch direction {
            case .client: clientCodec(header.kind, operation)
            case .server: serverCodec(header.kind, operation)
            }
        return found.map { .codec($0) } ?? .unexpected
    }

    static func clientCodec(_ kind: FrameKind, _ operation: Operation) -> Codec? {
        switch kind {
        case .request: requestCodec(operation)
        case .cancel: Codec("cancel", Empty.self)
        case .credit:
            switch operation {
            case .list, .export, .watch, .tokenWatch, .backupCreate: Codec("credit", Credit.self)
            default: nil
            }
        case .chunk:
            switch operation {
            case .import: Codec("import chunk", TransferChunk.self)
            case .accountImport: Codec("accountImport chunk", AccountImportChunk.self)
            case .restore: Codec("restore chunk", RestoreChunk.self)
            default: nil
            }
        case .end:
            switch operation {
            case .import, .accountImport, .restore: Codec("\(operation) finish", ImportFinish.self)
            default: nil
            }
        case .response, .event: nil
        }
    }

    private static func requestCodec(_ operation: Operation) -> Codec {
        func request<Fields: WireMessage>(_ type: Fields.Type) -> Codec { Codec("\(operation) request", Request<Fields>.self) }
        return switch operation {
        case .hello: request(HelloRequest.self)
        case .confirm: request(ConfirmRequest.self)
        case .ping, .status, .lock, .doctor, .whoami, .policyList, .slotList: request(Empty.self)
        case .unlock: request(UnlockRequest.self)
        case .get: request(GetRequest.self)
        case .put: request(PutRequest.self)
        case .info: request(InfoRequest.self)
        case .list: request(ListRequest.self)
        case .activate, .delete, .undelete, .destroy: request(VersionRequest.self)
        case .update: request(UpdateRequest.self)
        case .export: request(ExportRequest.self)
        case .import: request(ImportRequest.self)
        case .watch: request(WatchRequest.self)
        case .policyApply: request(PolicyApplyRequest.self)
        case .policyShow, .policyDelete: request(PolicyNameRequest.self)
        case .explain: request(ExplainRequest.self)
        case .slotAdd: request(SlotAddRequest.self)
        case .slotRemove: request(SlotRemoveRequest.self)
        case .slotRotate: request(SlotRotateRequest.self)
        case .slotRehearse: request(SlotRehearseRequest.self)
        case .rekey: request(RekeyRequest.self)
        case .rekeyRoot: request(RekeyRootRequest.self)
        case .recordCreate: request(RecordCreateRequest.self)
        case .recordList: request(RecordListRequest.self)
        case .recordShow: request(RecordShowRequest.self)
        case .recordUpdate: request(RecordUpdateRequest.self)
        case .recordDelete: request(RecordDeleteRequest.self)
        case .reveal: request(RevealRequest.self)
        case .usage: request(UsageRequest.self)
        case .accountImport: request(AccountImportRequest.self)
        case .verify: request(VerifyRequest.self)
        case .reserve: request(ReserveRequest.self)
        case .settle: request(SettleRequest.self)
        case .release: request(ReleaseRequest.self)
        case .token: request(TokenRequest.self)
        case .report: request(ReportRequest.self)
        case .credentialAct: request(CredentialActRequest.self)
        case .tokenWatch: request(TokenWatchRequest.self)
        case .credentialImport: request(CredentialImportRequest.self)
        case .backupCreate: request(BackupCreateRequest.self)
        case .restore: request(RestoreRequest.self)
        case .backupList, .backupRun: request(Empty.self)
        case .auditSearch: request(AuditSearchRequest.self)
        case .auditVerify, .auditRepair: request(Empty.self)
        case .scrub: request(ScrubRequest.self)
        }
    }

    static func serverCodec(_ kind: FrameKind, _ operation: Operation) -> Codec? {
        switch (kind, operation) {
        case (.response, _): responseCodec(operation)
        case (.chunk, .list): Codec("list chunk", ListPage.self)
        case (.chunk, .export): Codec("export chunk", TransferChunk.self)
        case (.chunk, .import): Codec("import results", ImportResults.self)
        case (.end, .list): Codec("list end", Answer<ListEnd>.self)
        case (.end, .export): Codec("export end", Answer<ExportEnd>.self)
        case (.end, .import): Codec("import end", Answer<ImportEnd>.self)
        case (.end, .accountImport): Codec("accountImport end", Answer<AccountImportResponse>.self)
        case (.chunk, .backupCreate): Codec("backupCreate chunk", BackupChunk.self)
        case (.end, .backupCreate): Codec("backupCreate end", Answer<BackupFacts>.self)
        case (.end, .restore): Codec("restore end", Answer<RestoreResponse>.self)
        case (.end, .watch): Codec("watch end", Failure.self)
        case (.event, .watch): Codec("watch event", WatchEvent.self)
        case (.end, .tokenWatch): Codec("tokenWatch end", Failure.self)
        case (.event, .tokenWatch): Codec("tokenWatch event", TokenWatchEvent.self)
        case (.credit, .import), (.credit, .accountImport), (.credit, .restore): Codec("credit", Credit.self)
        default: nil
        }
    }

    private static func responseCodec(_ operation: Operation) -> Codec? {
        func answer<Success: WireMessage>(_ type: Success.Type) -> Codec { Codec("\(operation) response", Answer<Success>.self) }
        return switch operation {
        case .hello: answer(HelloResponse.self)
        case .confirm, .unlock, .lock, .slotRemove: answer(Empty.self)
        case .ping: answer(PingResponse.self)
        case .status: answer(StatusResponse.self)
        case .doctor: answer(MessageList<Finding>.self)
        case .whoami, .policyList: answer(TextList.self)
        case .get: answer(GetResponse.self)
        case .put: answer(PutResponse.self)
        case .info: answer(InfoResponse.self)
        case .activate, .delete, .undelete, .destroy, .update, .policyDelete: answer(ChangeResponse.self)
        case .policyApply: answer(PolicyApplyResponse.self)
        case .policyShow: answer(PolicyShowResponse.self)
        case .explain: answer(ExplainResponse.self)
        case .slotList: answer(MessageList<SlotEntry>.self)
        case .slotAdd, .slotRotate: answer(SlotAddResponse.self)
        case .slotRehearse: answer(SlotRehearseResponse.self)
        case .rekey: answer(RekeyResponse.self)
        case .rekeyRoot: answer(RekeyRootResponse.self)
        case .watch, .tokenWatch: answer(Position.self)
        case .recordCreate, .recordShow, .recordUpdate: answer(RecordResponse.self)
        case .recordList: answer(RecordListResponse.self)
        case .recordDelete: answer(RecordDeleteResponse.self)
        case .reveal: answer(RevealResponse.self)
        case .usage: answer(UsageResponse.self)
        case .verify: answer(VerifyResponse.self)
        case .reserve: answer(ReserveResponse.self)
        case .settle, .release: answer(SettleResponse.self)
        case .token: answer(TokenResponse.self)
        case .report: answer(ReportResponse.self)
        case .credentialAct: answer(CredentialActResponse.self)
        case .credentialImport: answer(AccountImportResponse.self)
        case .backupList: answer(BackupListResponse.self)
        case .backupRun: answer(ScheduledBackup.self)
        case .auditSearch: answer(AuditSearchResponse.self)
        case .auditVerify: answer(AuditVerifyResponse.self)
        case .auditRepair: answer(AuditRepairResponse.self)
        case .scrub: answer(ScrubResponse.self)
        case .list, .export, .import, .accountImport, .backupCreate, .restore: nil
        }
    }
}
