import CofferAudit
import CofferStore
import CofferWire

// New secrets for slots, rehearsals, a new root key, and new record keys.
extension UnlockService {
    func rotateSlot(_ caller: Caller, _ request: SlotRotateRequest, completion: @escaping Completion<SlotAddResponse>) throws(Failure) {
        try caller.require(.store, .slots)
        let bytes = SecretBuffer(request.secret)
        let secret: NewSlotSecret
        switch request.kind {
        case .keyFile: secret = .keyFile(bytes)
        case .passphrase: secret = .passphrase(bytes)
        case .credential: secret = .credential(bytes)
        case .recovery:
            guard bytes.count == 0 else { throw Failure(.invalidArgument, "the daemon draws a recovery key: none may be sent") }
            secret = .recovery
        }
        try enqueue { [self] in
            do throws(StoreError) {
                try trail.require(caller.who, .slot, .rotate, version: UInt64(request.id), note: "\(request.kind)")
                completion(.success(SlotAddResponse(id: request.id, recoveryKey: try store.rotateSlot(request.id, to: secret) ?? "")))
            } catch {
                let failure = Failure(error)
                trail.did(caller.who, .slot, .rotate, version: UInt64(request.id), result: failure.code)
                completion(.failure(failure))
            }
        }
    }

    /// Only for root and the daemon's uid, and as slow with wrong secrets as unlocking: it tells right from wrong like that does.
    func rehearse(
        uid: UInt32, _ who: AuditWho, _ request: SlotRehearseRequest, now: @escaping @Sendable () -> UInt64,
        completion: @escaping Completion<SlotRehearseResponse>
    ) throws(Failure) {
        let secret = Self.secret(request.kind, SecretBuffer(request.secret))
        try checkPace(uid, now())
        try enqueue { [self] in
            do throws(Failure) { try checkPace(uid, now()) } catch { return completion(.failure(error)) }
            do throws(StoreError) {
                let id = try store.rehearse(secret, slot: request.id == 0 ? nil : request.id)
                throttle.succeeded(uid: uid)
                trail.did(who, .slot, .verify, version: UInt64(id), note: "\(request.kind)")
                completion(.success(SlotRehearseResponse(id: id)))
            } catch {
                if error.code == .unlockFailed { throttle.failed(uid: uid, now: now()) }
                let failure = Failure(error)
                trail.did(who, .slot, .verify, version: UInt64(request.id), result: failure.code, note: "\(request.kind)")
                completion(.failure(failure))
            }
        }
    }

    /// Only for administrators: it decides who can open the store at all.
    func changeRoot(
        uid: UInt32, _ who: AuditWho, _ request: RekeyRootRequest, now: @escaping @Sendable () -> UInt64,
        completion: @escaping Completion<RekeyRootResponse>
    ) throws(Failure) {
        var kept: [KeptSlot] = []
        for slot in request.kept {
            if slot.kind == .recovery {
                guard slot.secret.isEmpty else { throw Failure(.invalidArgument, "the daemon draws a recovery key: none may be sent") }
                kept.append(KeptSlot(id: slot.id, secret: .drawnAnew))
            } else {
                kept.append(KeptSlot(id: slot.id, secret: .present(Self.secret(slot.kind, SecretBuffer(slot.secret)))))
            }
        }
        let note = KeyNotes.root(kept: kept.map(\.id), dropped: request.dropped)
        try checkPace(uid, now())
        try enqueue { [self, kept] in
            do throws(Failure) { try checkPace(uid, now()) } catch { return completion(.failure(error)) }
            do throws(StoreError) {
                try trail.require(who, .store, .rekey, note: note)
                let drawn = try store.changeRoot(keeping: kept, dropping: request.dropped)
                throttle.succeeded(uid: uid)
                completion(.success(RekeyRootResponse(recoveryKeys: drawn.map { SlotAddResponse(id: $0.id, recoveryKey: $0.recoveryKey) })))
            } catch {
                if error.code == .unlockFailed { throttle.failed(uid: uid, now: now()) }
                let failure = Failure(error)
                trail.did(who, .store, .rekey, result: failure.code, note: note)
                completion(.failure(failure))
            }
        }
    }

    func rekey(_ caller: Caller, _ act: RekeyRequest.Act, completion: @escaping Completion<RekeyResponse>) throws(Failure) {
        if act != .state || !caller.allows(.store, .info) { try caller.require(.store, .rekey) }
        try enqueue { [self] in
            do throws(StoreError) {
                if act != .state { try trail.require(caller.who, .store, .rekey, note: "\(act)") }
                switch act {
                case .state: break
                case .start: try store.startRekey()
                case .stop: try store.holdRekey()
                }
                completion(.success(RekeyResponse(try store.rekeyStatus())))
            } catch {
                let failure = Failure(error)
                if act != .state { trail.did(caller.who, .store, .rekey, result: failure.code, note: "\(act)") }
                completion(.failure(failure))
            }
        }
    }
}

extension RekeyResponse {
    init(_ status: RekeyStatus) {
        self.init(
            phase: Phase(rawValue: status.phase.rawValue) ?? .running, done: status.done, total: status.total, resealed: status.resealed,
            started: status.started, note: status.note,
            keys: status.keys.map {
                Key(
                    id: $0.id, state: Key.State(rawValue: $0.state.rawValue) ?? .opening, suite: $0.suite, created: $0.created, seals: $0.seals,
                    limit: $0.limit)
            })
    }
}
