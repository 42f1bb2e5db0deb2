import CofferAudit
import CofferStore
import CofferWire
import Dispatch
import Synchronization

/// Unlocking and slots: what may take half a second of Argon2id runs here one at a time, off every loop (formats.md 19).
final class UnlockService: Sendable {
    let store: Store
    let throttle: UnlockThrottle
    let trail: AuditTrail
    private let queue = DispatchQueue(label: "coffer.unlock")
    private let waiting = Mutex(0)
    /// Waiting attempts beyond this are `busy`.
    private static let longestQueue = 4

    init(store: Store, throttle: UnlockThrottle, trail: AuditTrail) {
        self.store = store
        self.trail = trail
        self.throttle = throttle
    }

    typealias Completion<T> = @Sendable (Result<T, Failure>) -> Void

    func enqueue(_ work: @escaping @Sendable () -> Void) throws(Failure) {
        let accepted = waiting.withLock { waiting in
            guard waiting < Self.longestQueue else { return false }
            waiting += 1
            return true
        }
        guard accepted else { throw Failure(.busy, "other unlocks are being worked on", retry: .after(milliseconds: 1_000)) }
        queue.async { [self] in
            work()
            waiting.withLock { $0 -= 1 }
        }
    }

    /// Only for root and the daemon's uid: the caller has checked that.
    func unlock(
        uid: UInt32, _ who: AuditWho, _ request: UnlockRequest, now: @escaping @Sendable () -> UInt64, completion: @escaping Completion<Empty>
    ) throws(Failure) {
        let secret = Self.secret(request.kind, SecretBuffer(request.secret))
        try checkPace(uid, now())
        try enqueue { [self] in
            // Again: attempts that waited together count one behind the other.
            do throws(Failure) { try checkPace(uid, now()) } catch { return completion(.failure(error)) }
            do throws(StoreError) {
                try store.unlock(secret)
                throttle.succeeded(uid: uid)
                trail.did(who, .store, .unlock, note: "\(request.kind)")
                completion(.success(Empty()))
            } catch {
                if error.code == .unlockFailed { throttle.failed(uid: uid, now: now()) }
                let failure = Failure(error)
                trail.did(who, .store, .unlock, result: failure.code, note: "\(request.kind)")
                completion(.failure(failure))
            }
        }
    }

    /// - Throws: `busy` with the time to wait.
    func checkPace(_ uid: UInt32, _ now: UInt64) throws(Failure) {
        let wait = throttle.wait(uid: uid, now: now)
        guard wait == 0 else {
            throw Failure(
                .busy, "too many wrong secrets: the next attempt may come in \((wait + 999) / 1_000) s",
                retry: .after(milliseconds: UInt32(clamping: wait)))
        }
    }

    func lock(_ who: AuditWho, completion: @escaping Completion<Empty>) {
        queue.async { [self] in
            // In front of it: behind it there are no keys to seal a record with.
            trail.did(who, .store, .lock)
            store.lock()
            completion(.success(Empty()))
        }
    }

    static func secret(_ kind: SlotKind, _ bytes: SecretBuffer) -> SlotSecret {
        switch kind {
        case .keyFile: .keyFile(bytes)
        case .passphrase: .passphrase(bytes)
        case .credential: .credential(bytes)
        case .recovery: .recoveryKey(bytes)
        }
    }

    // MARK: Slots

    func slots() -> [SlotEntry] {
        store.slots().map {
            SlotEntry(id: $0.id, kind: SlotKind(rawValue: $0.kind.rawValue) ?? .keyFile, label: $0.label, created: $0.created, inUse: $0.inUse)
        }
    }

    func addSlot(_ caller: Caller, _ request: SlotAddRequest, completion: @escaping Completion<SlotAddResponse>) throws(Failure) {
        try caller.require(.store, .slots)
        let bytes = SecretBuffer(request.secret)
        let slot: NewSlot
        switch request.kind {
        case .keyFile: slot = .keyFile(bytes, label: request.label)
        case .passphrase: slot = .passphrase(bytes, label: request.label)
        case .credential: slot = .credential(bytes, label: request.label)
        case .recovery:
            guard request.secret.isEmpty else { throw Failure(.invalidArgument, "the daemon draws a recovery key: none may be sent") }
            slot = .recovery(label: request.label)
        }
        try enqueue { [self] in
            do throws(StoreError) {
                try trail.require(caller.who, .slot, .add, note: "\(request.kind)")
                let added = try store.addSlot(slot)
                completion(.success(SlotAddResponse(id: added.id, recoveryKey: added.recoveryKey ?? "")))
            } catch {
                let failure = Failure(error)
                trail.did(caller.who, .slot, .add, result: failure.code)
                completion(.failure(failure))
            }
        }
    }

    func removeSlot(_ caller: Caller, id: UInt32, completion: @escaping Completion<Empty>) throws(Failure) {
        try caller.require(.store, .slots)
        try enqueue { [self] in
            do throws(StoreError) {
                try trail.require(caller.who, .slot, .remove, version: UInt64(id))
                try store.removeSlot(id)
                completion(.success(Empty()))
            } catch {
                let failure = Failure(error)
                trail.did(caller.who, .slot, .remove, version: UInt64(id), result: failure.code)
                completion(.failure(failure))
            }
        }
    }
}
