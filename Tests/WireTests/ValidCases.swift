import CofferWire

/// The frames of Tests/Vectors/wire/valid: each message in both directions, at its smallest, its usual and its largest.
enum ValidCases {
    static let storeID = Bytes16(Array(0x10...0x1F))!
    static let incarnation = Bytes16(Array(0xA0...0xAF))!
    static let nonce = Bytes16(Array(0xF0...0xFF))!
    static let key = Bytes16(Array(0x60...0x6F))!
    static let position = Position(incarnation: incarnation, revision: 4_711)
    /// 2026-01-01T00:00:00Z.
    static let time: UInt64 = 1_767_225_600_000
    static let name = Array("payments/stripe/api-key".utf8)
    static let value = Array("sk_live_51H8".utf8)
    /// 512 bytes in segments of at most 255.
    static let longestName: [UInt8] = {
        let segment = [UInt8](repeating: 0x61, count: 255)
        return segment + [0x2F] + segment.dropLast() + [0x2F, 0x62]
    }()

    static func frame(_ kind: FrameKind, _ operation: UInt16, _ id: UInt32, _ body: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: FrameHeader.size)
        bytes.withUnsafeMutableBytes {
            FrameHeader(kind: kind, operation: operation, requestID: id).write(to: $0.baseAddress!, bodyLength: body.count)
        }
        return bytes + body
    }

    static func client(
        _ name: String, _ comment: String, _ kind: FrameKind, _ operation: Operation, _ body: some WireMessage, id: UInt32 = 7,
        limit: Int = Limits.frame
    ) -> Vector {
        let message =
            switch kind {
            case .request: "\(operation) request"
            case .chunk: "\(operation) chunk"
            case .end: "\(operation) finish"
            default: "\(kind)"
            }
        return Vector(
            comment: comment, name: name, direction: .client, limit: limit, message: message, expect: .accept,
            bytes: frame(kind, operation.rawValue, id, body.encoded()))
    }

    static func server(
        _ name: String, _ comment: String, _ kind: FrameKind, _ operation: Operation, _ body: some WireMessage, id: UInt32 = 7
    ) -> Vector {
        let message =
            switch (kind, operation) {
            case (.chunk, .import): "import results"
            case (.credit, _): "credit"
            default: "\(operation) \(kind)"
            }
        return Vector(
            comment: comment, name: name, direction: .server, message: message, expect: .accept,
            bytes: frame(kind, operation.rawValue, id, body.encoded()))
    }

    static func request(
        _ name: String, _ comment: String, _ operation: Operation, _ fields: some WireMessage, deadline: UInt32 = 0,
        id: UInt32 = 7, limit: Int = Limits.frame
    ) -> Vector {
        client(name, comment, .request, operation, Request(deadline: deadline, fields), id: id, limit: limit)
    }

    static func response<Fields: WireMessage>(
        _ name: String, _ comment: String, _ operation: Operation, _ fields: Fields, id: UInt32 = 7
    ) -> Vector {
        server(name, comment, .response, operation, Answer<Fields>.success(fields), id: id)
    }

    static func text(_ count: Int, _ character: Character = "x") -> String { String(repeating: character, count: count) }

    static let all: [Vector] = handshake + administration + secrets + streams + records + apiKeys + accountImport + tokens + acts + tokenWatches + backups + scrubs + audits + keys + failures

    // MARK: Handshake

    static let handshake: [Vector] = [
        request("hello-request", "The first frame of a connection.", .hello, HelloRequest(clientName: "example/1.0"), id: 1,
            limit: Limits.handshakeFrame),
        request("hello-request-smallest", "No client name.", .hello, HelloRequest(tenant: "m"), id: 1, limit: Limits.handshakeFrame),
        request("hello-request-extensions", "Extensions that the server does not know are ignored.", .hello,
            HelloRequest(minimumVersion: 1, maximumVersion: 9, features: .max, tenant: "büro", clientName: "future/9.0",
                extensions: [.init(tag: 0xFFFF, body: Array("anything".utf8)), .init(tag: 0, body: []), .init(tag: 0xFFFF, body: [0])]),
            deadline: 5_000, id: 1, limit: Limits.handshakeFrame),
        request("hello-request-accounts", "Asks whether the server carries out the operations on records and API keys.", .hello,
            HelloRequest(features: ProtocolFeature.accounts, clientName: "example/1.0"), id: 1, limit: Limits.handshakeFrame),
        request("hello-request-largest", "The length field is 4096, the limit before confirm.", .hello,
            HelloRequest(tenant: text(255), clientName: text(255), extensions:
                [1_024, 1_024, 1_024].map { .init(tag: 1, body: Array(repeating: 0x65, count: $0)) } + [
                    .init(tag: 2, body: Array(repeating: 0x65, count: 464))]),
            id: 1, limit: Limits.handshakeFrame),
        response("hello-response", "The server's side of it.", .hello,
            HelloResponse(version: 1, features: 0, storeID: storeID, position: position, serverTime: time, locked: false,
                nonce: nonce, serverName: "cofferd/1.0.0"), id: 1),
        response("hello-response-accounts", "It does.", .hello,
            HelloResponse(version: 1, features: ProtocolFeature.accounts, storeID: storeID, position: position, serverTime: time,
                locked: false, nonce: nonce, serverName: "cofferd/1.0.0"), id: 1),
        response("hello-response-locked", "A locked store: its position is not known, all zero.", .hello,
            HelloResponse(version: 1, features: 0, storeID: storeID, position: Position(incarnation: .zero, revision: 0),
                serverTime: time, locked: true, nonce: nonce, serverName: ""), id: 1),
        request("confirm-request", "Gives the nonce back.", .confirm, ConfirmRequest(nonce: nonce), id: 2, limit: Limits.handshakeFrame),
        response("confirm-response", "The connection is open.", .confirm, Empty(), id: 2),
    ]

    // MARK: Administration

    static let administration: [Vector] = [
        request("ping-request", "No fields but the deadline.", .ping, Empty()),
        request("ping-request-largest-numbers", "Largest request id and deadline.", .ping, Empty(), deadline: .max, id: .max),
        response("ping-response", "", .ping, PingResponse(serverTime: time)),
        request("status-request", "", .status, Empty()),
        response("status-response", "Keys in ascending order of their bytes.", .status,
            StatusResponse([
                .init(key: "locked", value: .number(0)), .init(key: "revision", value: .number(4_711)),
                .init(key: "secrets", value: .number(12)), .init(key: "version", value: .text("1.0.0")),
            ])),
        response("status-response-empty", "", .status, StatusResponse([])),
        response("status-response-limits", "Longest key and text, empty text, largest number.", .status,
            StatusResponse([
                .init(key: "a", value: .text("")), .init(key: "b", value: .number(.max)),
                .init(key: text(128, "z"), value: .text(text(4_096))),
            ])),
        request("unlock-request", "By passphrase.", .unlock, UnlockRequest(kind: .passphrase, secret: Array("correct horse".utf8))),
        request("unlock-request-limits", "Longest secret, last kind.", .unlock,
            UnlockRequest(kind: .recovery, secret: Array(repeating: 0x70, count: 1_024))),
        response("unlock-response", "", .unlock, Empty()),
        request("lock-request", "", .lock, Empty()),
        response("lock-response", "", .lock, Empty()),
        request("doctor-request", "", .doctor, Empty()),
        response("doctor-response", "One finding of each verdict.", .doctor,
            MessageList([
                Finding(check: "memory-lock", verdict: .good, message: "1 MiB of guarded memory is locked"),
                Finding(check: "peer-pidfd", verdict: .warning, message: "this kernel has no SO_PEERPIDFD"),
                Finding(check: "socket-mode", verdict: .bad, message: ""),
            ])),
        request("whoami-request", "", .whoami, Empty()),
        response("whoami-response", "The caller's selectors.", .whoami, TextList(["uid:1001", "gid:100", "door:socket"])),
        request("policy-apply-request", "", .policyApply,
            PolicyApplyRequest(source: Array("policies: []\n".utf8), dryRun: true)),
        request("policy-apply-request-largest", "Longest source.", .policyApply,
            PolicyApplyRequest(source: Array(repeating: 0x23, count: Limits.policySource), dryRun: false)),
        response("policy-apply-response", "", .policyApply,
            PolicyApplyResponse(revision: 4_712, report: ["web: created", "web: rule 2 never matches here: no account 'www'"])),
        request("policy-show-request", "", .policyShow, PolicyNameRequest(name: "web servers")),
        response("policy-show-response", "", .policyShow, PolicyShowResponse(revision: 4_712, source: Array("policies: []\n".utf8))),
        request("policy-list-request", "", .policyList, Empty()),
        response("policy-list-response", "", .policyList, TextList(["backup", "web servers"])),
        response("policy-list-response-empty", "", .policyList, TextList([])),
        request("policy-delete-request", "Longest name.", .policyDelete, PolicyNameRequest(name: text(255, "p"))),
        response("policy-delete-response", "", .policyDelete, ChangeResponse(revision: 4_713)),
        request("explain-request-self", "Without selectors: about the caller.", .explain,
            ExplainRequest(selectors: [], noun: "secret", action: "get", name: name)),
        request("explain-request-other", "", .explain,
            ExplainRequest(selectors: ["uid:1001", "unit:web.service"], noun: "store", action: "info", name: [])),
        response("explain-response-allowed", "", .explain,
            ExplainResponse(allowed: true, policy: "web servers", rule: 1, notes: ["uid:1001 matches"])),
        response("explain-response-denied", "", .explain, ExplainResponse(allowed: false, policy: "", rule: 0, notes: [])),
        request("slot-list-request", "", .slotList, Empty()),
        response("slot-list-response", "One slot of each kind.", .slotList,
            MessageList(zip(SlotKind.allCases, 1...).map { kind, id in
                SlotEntry(id: UInt32(id), kind: kind, label: "slot \(id)", created: time, inUse: id == 1)
            })),
        request("slot-add-request-passphrase", "", .slotAdd,
            SlotAddRequest(kind: .passphrase, label: "of Ada", secret: Array("correct horse".utf8))),
        request("slot-add-request-recovery", "The daemon draws the key: the secret is empty.", .slotAdd,
            SlotAddRequest(kind: .recovery, label: "", secret: [])),
        response("slot-add-response", "", .slotAdd, SlotAddResponse(id: 2, recoveryKey: "")),
        response("slot-add-response-recovery", "The key is made up.", .slotAdd,
            SlotAddResponse(id: 3, recoveryKey: Array(repeating: "ABCD", count: 14).joined(separator: "-"))),
        request("slot-remove-request", "", .slotRemove, SlotRemoveRequest(id: 2)),
        response("slot-remove-response", "", .slotRemove, Empty()),
    ]

    // MARK: Secrets

    static let fullSettings = SecretSettings(
        metadata: [MetadataPair(key: "owner", value: "payments"), MetadataPair(key: "note", value: "")], tags: ["live", "pci"],
        keepLast: 20, deleteAfter: 86_400_000)
    static let largestSettings = SecretSettings(
        metadata: (10..<74).map { MetadataPair(key: text(126, "k") + "\($0)", value: text(512, "v")) },
        tags: (10..<74).map { text(126, "t") + "\($0)" }, keepLast: .max, deleteAfter: .max)

    static let secrets: [Vector] = [
        request("get-request", "The active version.", .get, GetRequest(name: name)),
        request("get-request-version", "One version, with a deadline.", .get, GetRequest(name: name, version: 3), deadline: 1_000),
        request("get-request-unless-version", "Unless it is version 3.", .get, GetRequest(name: name, unless: .version(3))),
        request("get-request-unless-at", "Unless it is version 3 of this incarnation.", .get,
            GetRequest(name: name, unless: .at(incarnation: incarnation, version: 3))),
        request("get-request-longest-name", "512 bytes.", .get, GetRequest(name: longestName)),
        request("get-request-name-not-checked", "A name that breaks the rules of names is well-formed: it is answered, not refused as malformed.",
            .get, GetRequest(name: Array("../\u{7}*".utf8) + [0xFF])),
        request("get-request-empty-name", "The same of an empty one.", .get, GetRequest(name: [])),
        response("get-response", "", .get,
            GetResponse(version: 3, revision: 4_700, expires: 0, value: value, contentType: "text/plain")),
        response("get-response-empty", "An empty value without content type.", .get,
            GetResponse(version: 1, revision: 1, expires: time, value: [], contentType: "")),
        response("get-response-largest", "Largest value, longest content type.", .get,
            GetResponse(version: .max, revision: .max, expires: .max, value: Array(repeating: 0, count: Limits.value),
                contentType: text(255, "c"))),
        request("put-request", "", .put, PutRequest(name: name, value: value)),
        request("put-request-full", "Every optional field.", .put,
            PutRequest(name: name, value: value, expected: .at(incarnation: incarnation, version: 3), idempotencyKey: key,
                activate: false, expires: time, contentType: "text/plain", settings: fullSettings)),
        request("put-request-create", "Expects no live version.", .put, PutRequest(name: name, value: [], expected: .version(0))),
        request("put-request-clears", "Empty lists replace what was there.", .put,
            PutRequest(name: name, value: [0, 0xFF], settings: SecretSettings(metadata: [], tags: []))),
        request("put-request-largest", "Everything at its limit still fits a frame.", .put,
            PutRequest(name: longestName, value: Array(repeating: 0, count: Limits.value),
                expected: .at(incarnation: incarnation, version: .max), idempotencyKey: key, expires: .max,
                contentType: text(255, "c"), settings: largestSettings)),
        response("put-response", "", .put, PutResponse(version: 4, revision: 4_712)),
        request("info-request", "", .info, InfoRequest(name: name)),
        response("info-response", "One version in each state.", .info,
            InfoResponse(activeVersion: 4, latestVersion: 4, deleted: false, created: time, updated: time + 5_000, revision: 4_712,
                keepLast: 10, deleteAfter: 0, metadata: fullSettings.metadata!, tags: fullSettings.tags!,
                versions: [
                    VersionInfo(version: 1, state: .destroyed, created: time, expires: 0, deleted: time + 1_000, size: 0,
                        contentType: "", createdBy: "uid:0"),
                    VersionInfo(version: 2, state: .deleted, created: time + 1, expires: 0, deleted: time + 2_000, size: 12,
                        contentType: "text/plain", createdBy: "uid:1001"),
                    VersionInfo(version: 3, state: .expired, created: time + 2, expires: time + 3_000, deleted: 0, size: 12,
                        contentType: "", createdBy: "uid:1001"),
                    VersionInfo(version: 4, state: .live, created: time + 3, expires: 0, deleted: time + 9_000_000, size: 12,
                        contentType: "", createdBy: "uid:1001"),
                ])),
        response("info-response-deleted", "A whole name that was deleted.", .info,
            InfoResponse(activeVersion: 1, latestVersion: 1, deleted: true, created: time, updated: time, revision: 2, keepLast: 1,
                deleteAfter: 1, metadata: [], tags: [], versions: [])),
        request("activate-request", "Expects version 4 to be active now.", .activate,
            VersionRequest(name: name, version: 3, expected: .version(4))),
        response("activate-response", "", .activate, ChangeResponse(revision: 4_713)),
        request("delete-request", "One version.", .delete, VersionRequest(name: name, version: 3)),
        request("delete-request-name", "The whole name.", .delete, VersionRequest(name: name, version: 0, idempotencyKey: key)),
        response("delete-response", "", .delete, ChangeResponse(revision: 4_714)),
        request("undelete-request", "", .undelete, VersionRequest(name: name, version: 0)),
        response("undelete-response", "", .undelete, ChangeResponse(revision: 4_715)),
        request("destroy-request", "", .destroy,
            VersionRequest(name: name, version: 2, expected: .at(incarnation: incarnation, version: 4), idempotencyKey: key)),
        response("destroy-response", "", .destroy, ChangeResponse(revision: 4_716)),
        request("update-request", "", .update,
            UpdateRequest(name: name, settings: SecretSettings(tags: ["live"], keepLast: 5), expected: .version(4), idempotencyKey: key)),
        request("update-request-nothing", "Changes nothing; well-formed.", .update, UpdateRequest(name: name, settings: SecretSettings())),
        response("update-response", "", .update, ChangeResponse(revision: 4_717)),
    ]

    // MARK: Streams

    static let streams: [Vector] = [
        request("list-request", "All names.", .list, ListRequest()),
        request("list-request-cursor", "Goes on behind a name.", .list,
            ListRequest(prefix: Array("payments/".utf8), cursor: .init(incarnation: incarnation, after: name), pageSize: 1_000,
                limit: 5_000, includeDeleted: true, credit: 0)),
        server("list-chunk", "Two names, one of them deleted.", .chunk, .list,
            ListPage(revision: 4_717, entries: [.init(name: name, deleted: false), .init(name: Array("payments/test".utf8), deleted: true)])),
        server("list-chunk-empty", "A page without names: allowed, never sent by this server.", .chunk, .list, ListPage(revision: 4_717, entries: [])),
        server("list-chunk-largest", "1,000 names of 512 bytes.", .chunk, .list,
            ListPage(revision: .max, entries: (0..<1_000).map { number in
                .init(name: Array(repeating: 0x61, count: 254) + [0x2F] + Array(repeating: 0x62, count: 253) + Array("\(1_000 + number)".utf8),
                    deleted: number % 2 == 1)
            })),
        server("list-end", "The limit cut it.", .end, .list, Answer<ListEnd>.success(ListEnd(revision: 4_717, more: true))),
        server("list-end-failure", "A list that was cancelled.", .end, .list,
            Answer<ListEnd>.failure(Failure(.cancelled, "cancelled by the client"))),
        client("list-credit", "Two more pages.", .credit, .list, Credit(count: 2)),
        client("list-cancel", "No longer interested.", .cancel, .list, Empty()),
        request("export-request", "", .export, ExportRequest(prefix: Array("payments/".utf8), credit: 1)),
        server("export-chunk", "", .chunk, .export,
            TransferChunk(entries: [
                TransferEntry(name: name, value: value, version: 3, contentType: "text/plain", settings: fullSettings),
                TransferEntry(name: Array("payments/test".utf8), value: [], version: 1, expires: time,
                    settings: SecretSettings(metadata: [], tags: [], keepLast: 10, deleteAfter: 0)),
            ])),
        server("export-chunk-largest-frame", "The length field is 1114112, the limit.", .chunk, .export,
            TransferChunk(entries: [
                TransferEntry(name: name, value: Array(repeating: 0, count: Limits.value), version: 1),
                TransferEntry(name: name, value: Array(repeating: 0, count: 65_424), version: 1),
            ])),
        server("export-end", "", .end, .export, Answer<ExportEnd>.success(ExportEnd(revision: 4_717, count: 2))),
        client("export-credit", "Largest number.", .credit, .export, Credit(count: .max)),
        request("import-request", "", .import, ImportRequest(dryRun: false, createOnly: true, idempotencyKey: key)),
        request("import-request-dry-run", "", .import, ImportRequest(dryRun: true)),
        server("import-credit", "The server grants credit.", .credit, .import, Credit(count: 4)),
        client("import-chunk", "", .chunk, .import,
            TransferChunk(entries: [
                TransferEntry(name: name, value: value), TransferEntry(name: Array("payments/test".utf8), value: [], settings: fullSettings),
            ])),
        client("import-chunk-most-entries", "10,000 entries (that all have an empty name: well-formed).", .chunk, .import,
            TransferChunk(entries: Array(repeating: TransferEntry(name: [], value: []), count: 10_000))),
        client("import-finish", "All entries were sent.", .end, .import, ImportFinish(count: 2)),
        client("import-cancel", "", .cancel, .import, Empty()),
        server("import-results", "", .chunk, .import,
            ImportResults(items: [.init(result: .created, version: 1), .init(result: .changed, version: 4), .init(result: .unchanged, version: 9)])),
        server("import-end", "", .end, .import, Answer<ImportEnd>.success(ImportEnd(revision: 4_718, created: 1, changed: 1, unchanged: 1))),
        server("import-end-failure", "A bad entry is named by its number, from 1, and its name.", .end, .import,
            Answer<ImportEnd>.failure(Failure(.conflict, "entry 2, payments/test: the name has a live version"))),
        request("watch-request", "One name, from now on.", .watch, WatchRequest(exact: true, name: name)),
        request("watch-request-from", "A prefix, with values, from a position.", .watch,
            WatchRequest(exact: false, values: true, name: Array("payments/".utf8), from: position, credit: 16)),
        response("watch-response", "Where the watch begins.", .watch, position),
        server("watch-response-failure", "A watch that was refused: no end follows.", .response, .watch,
            Answer<Position>.failure(Failure(.invalidName, "name: the name is empty"))),
        server("watch-event-put", "With the value.", .event, .watch,
            WatchEvent.change(.init(revision: 4_718, ordinal: 0, last: false, operation: .put, version: 4, name: name, value: value))),
        server("watch-event-delete", "A whole name, without a value.", .event, .watch,
            WatchEvent.change(.init(revision: 4_718, ordinal: 1, last: true, operation: .delete, version: 0, name: name, value: nil))),
        server("watch-event-largest", "Largest value, longest name.", .event, .watch,
            WatchEvent.change(.init(revision: .max, ordinal: .max, last: true, operation: .update, version: .max, name: longestName,
                value: Array(repeating: 0, count: Limits.value)))),
        server("watch-event-resync", "", .event, .watch, WatchEvent.resync(position)),
        client("watch-credit", "", .credit, .watch, Credit(count: 512)),
        client("watch-cancel", "", .cancel, .watch, Empty()),
        server("watch-end", "The end of a watch is always a failure.", .end, .watch, Failure(.cancelled, "cancelled by the client")),
        client("get-cancel", "A request that is no stream can be cancelled too.", .cancel, .get, Empty()),
    ]

    // MARK: Failures

    static let failures: [Vector] =
        ErrorCode.allCases.filter { $0 != .ok }.map { code in
            server("failure-\(code)", "Error \(code.rawValue).", .response, .get,
                Answer<GetResponse>.failure(Failure(code, "\(code)")))
        } + [
            server("failure-retry-now", "", .response, .put, Answer<PutResponse>.failure(Failure(.deadlineExceeded, "", retry: .now))),
            server("failure-retry-after", "", .response, .unlock,
                Answer<Empty>.failure(Failure(.busy, "wait", retry: .after(milliseconds: 4_000)))),
            server("failure-retry-limits", "Longest wait and message.", .response, .unlock,
                Answer<Empty>.failure(Failure(.busy, text(4_096), retry: .after(milliseconds: .max)))),
            server("failure-outcome-unknown", "", .response, .put,
                Answer<PutResponse>.failure(Failure(.outcomeUnknown, "the write was not confirmed", outcome: .unknown))),
            Vector(
                comment: "A failure of the whole connection: operation 0, id 0; the server closes behind it.",
                name: "connection-end", direction: .server, message: "connection end", expect: .accept,
                bytes: frame(.end, 0, 0, Failure(.unexpected, "the first request must be hello").encoded())),
            Vector(
                comment: "The answer to a request of an operation that the server does not know repeats its number.",
                name: "unknown-operation-response", direction: .server, message: "unknown response", expect: .accept,
                bytes: frame(.response, 0x7FFF, 7, Failure(.unknownOperation, "operation 0x7fff is unknown").encoded())),
        ]
}
