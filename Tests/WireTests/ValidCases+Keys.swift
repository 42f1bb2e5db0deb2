import CofferWire

/// New secrets for slots, rehearsals, and new keys.
extension ValidCases {
    static let drawnKey = Array(repeating: "ABCD", count: 14).joined(separator: "-")
    static let slotKey = Array<UInt8>(0x20...0x3F)

    static let keys: [Vector] = [
        request("slot-rotate-request", "A key file.", .slotRotate, SlotRotateRequest(id: 1, kind: .keyFile, secret: slotKey)),
        request("slot-rotate-request-recovery", "The daemon draws the key: the secret is empty.", .slotRotate,
            SlotRotateRequest(id: 3, kind: .recovery, secret: [])),
        response("slot-rotate-response", "", .slotRotate, SlotAddResponse(id: 1, recoveryKey: "")),
        response("slot-rotate-response-recovery", "The key is made up.", .slotRotate, SlotAddResponse(id: 3, recoveryKey: drawnKey)),
        request("slot-rehearse-request", "", .slotRehearse,
            SlotRehearseRequest(id: 2, kind: .passphrase, secret: Array("correct horse".utf8))),
        request("slot-rehearse-request-any", "Any slot of the kind; longest secret.", .slotRehearse,
            SlotRehearseRequest(id: 0, kind: .passphrase, secret: Array(repeating: 0x78, count: Limits.slotSecret))),
        response("slot-rehearse-response", "", .slotRehearse, SlotRehearseResponse(id: 2)),
        request("rekey-request-state", "", .rekey, RekeyRequest(act: .state)),
        request("rekey-request-start", "", .rekey, RekeyRequest(act: .start)),
        request("rekey-request-stop", "", .rekey, RekeyRequest(act: .stop)),
        response("rekey-response", "Nothing runs.", .rekey,
            RekeyResponse(phase: .idle, done: 0, total: 0, resealed: 0, started: 0, note: "", keys: [
                .init(id: 1, state: .sealing, suite: "aes-256-gcm", created: time, seals: 4_096, limit: 1 << 30),
            ])),
        response("rekey-response-running", "One key of each other state.", .rekey,
            RekeyResponse(phase: .running, done: 1_200, total: 3_004, resealed: 1_100, started: time, note: "", keys: [
                .init(id: 1, state: .stopped, suite: "aes-256-gcm", created: 0, seals: 1 << 30, limit: 1 << 30),
                .init(id: 7, state: .leaving, suite: "aes-256-gcm", created: time, seals: 9_000, limit: 1 << 30),
                .init(id: 8, state: .opening, suite: "aes-256-gcm", created: time, seals: 5, limit: 1 << 30),
                .init(id: 9, state: .sealing, suite: "xchacha20-poly1305", created: time, seals: 12, limit: 1 << 30),
            ])),
        response("rekey-response-waiting", "Longest note and suite.", .rekey,
            RekeyResponse(phase: .waiting, done: .max, total: .max, resealed: .max, started: .max, note: text(Limits.message, "n"), keys: [
                .init(id: .max, state: .sealing, suite: text(64, "s"), created: .max, seals: .max, limit: .max),
            ])),
        response("rekey-response-stopped", "", .rekey,
            RekeyResponse(phase: .stopped, done: 0, total: 0, resealed: 0, started: time, note: "", keys: [])),
        request("rekey-root-request", "One slot of each kind; another one goes.", .rekeyRoot,
            RekeyRootRequest(dropped: [5], kept: [
                .init(id: 1, kind: .keyFile, secret: slotKey), .init(id: 2, kind: .passphrase, secret: Array("correct horse".utf8)),
                .init(id: 3, kind: .credential, secret: slotKey), .init(id: 4, kind: .recovery, secret: []),
            ])),
        request("rekey-root-request-limits", "Most slots, longest secret.", .rekeyRoot,
            RekeyRootRequest(
                dropped: Array(100..<164),
                kept: (0..<64).map { .init(id: $0, kind: .passphrase, secret: Array(repeating: 0x78, count: $0 == 0 ? Limits.slotSecret : 1)) })),
        response("rekey-root-response", "The key is made up.", .rekeyRoot,
            RekeyRootResponse(recoveryKeys: [SlotAddResponse(id: 4, recoveryKey: drawnKey)])),
        response("rekey-root-response-none", "", .rekeyRoot, RekeyRootResponse(recoveryKeys: [])),
    ]
}
