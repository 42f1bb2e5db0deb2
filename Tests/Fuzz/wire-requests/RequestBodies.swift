import CofferWire
import FuzzSupport

/// Decodes the body of a request, or of a frame that a client sends later, as the daemon does.
enum RequestBodies {
    /// - Parameter number: an operation's, or one of 0xFF00 and above for what follows a request; any other stands for some operation.
    static func decode(_ number: UInt16, _ body: [UInt8]) {
        switch number {
        case 0xFF00: check(TransferChunk.self, body)
        case 0xFF01: check(ImportFinish.self, body)
        case 0xFF02: check(AccountImportChunk.self, body)
        case 0xFF03: check(Credit.self, body)
        case 0xFF04: check(RestoreChunk.self, body)
        default:
            let all = Operation.allCases
            decode(Operation(rawValue: number) ?? all[Int(number) % all.count], body)
        }
    }

    /// Without a default: an operation that is added to the protocol does not build before it is fuzzed.
    private static func decode(_ operation: Operation, _ body: [UInt8]) {
        switch operation {
        case .hello: check(Request<HelloRequest>.self, body)
        case .confirm: check(Request<ConfirmRequest>.self, body)
        case .ping, .status, .doctor, .whoami, .lock, .slotList, .policyList: check(Request<Empty>.self, body)
        case .unlock: check(Request<UnlockRequest>.self, body)
        case .get: check(Request<GetRequest>.self, body)
        case .put: check(Request<PutRequest>.self, body)
        case .info: check(Request<InfoRequest>.self, body)
        case .list: check(Request<ListRequest>.self, body)
        case .activate, .delete, .undelete, .destroy: check(Request<VersionRequest>.self, body)
        case .update: check(Request<UpdateRequest>.self, body)
        case .export: check(Request<ExportRequest>.self, body)
        case .import: check(Request<ImportRequest>.self, body)
        case .watch: check(Request<WatchRequest>.self, body)
        case .policyApply: check(Request<PolicyApplyRequest>.self, body)
        case .policyShow, .policyDelete: check(Request<PolicyNameRequest>.self, body)
        case .explain: check(Request<ExplainRequest>.self, body)
        case .slotAdd: check(Request<SlotAddRequest>.self, body)
        case .slotRemove: check(Request<SlotRemoveRequest>.self, body)
        case .slotRotate: check(Request<SlotRotateRequest>.self, body)
        case .slotRehearse: check(Request<SlotRehearseRequest>.self, body)
        case .rekey: check(Request<RekeyRequest>.self, body)
        case .rekeyRoot: check(Request<RekeyRootRequest>.self, body)
        case .recordCreate: check(Request<RecordCreateRequest>.self, body)
        case .recordList: check(Request<RecordListRequest>.self, body)
        case .recordShow: check(Request<RecordShowRequest>.self, body)
        case .recordUpdate: check(Request<RecordUpdateRequest>.self, body)
        case .recordDelete: check(Request<RecordDeleteRequest>.self, body)
        case .reveal: check(Request<RevealRequest>.self, body)
        case .usage: check(Request<UsageRequest>.self, body)
        case .accountImport: check(Request<AccountImportRequest>.self, body)
        case .verify: check(Request<VerifyRequest>.self, body)
        case .reserve: check(Request<ReserveRequest>.self, body)
        case .settle: check(Request<SettleRequest>.self, body)
        case .release: check(Request<ReleaseRequest>.self, body)
        case .token: check(Request<TokenRequest>.self, body)
        case .report: check(Request<ReportRequest>.self, body)
        case .credentialAct: check(Request<CredentialActRequest>.self, body)
        case .tokenWatch: check(Request<TokenWatchRequest>.self, body)
        case .credentialImport: check(Request<CredentialImportRequest>.self, body)
        case .backupCreate: check(Request<BackupCreateRequest>.self, body)
        case .restore: check(Request<RestoreRequest>.self, body)
        case .backupList, .backupRun: check(Request<Empty>.self, body)
        case .auditSearch: check(Request<AuditSearchRequest>.self, body)
        case .auditVerify, .auditRepair: check(Request<Empty>.self, body)
        case .scrub: check(Request<ScrubRequest>.self, body)
        }
    }

    /// What is accepted is the one encoding of its message.
    private static func check<Message: WireMessage>(_ type: Message.Type, _ body: [UInt8]) {
        guard let message = try? Message(decoding: body) else { return }
        var again = message.encoded()
        if Plant.spoils { again.append(0) }
        Harness.check(again == body, "\(type) encodes to other bytes than it was decoded from")
        let second = try? Message(decoding: again)
        Harness.check(second == message, "\(type) decodes to another message after it was encoded")
    }
}
