import CofferStore
import CofferWire

// Slots with new secrets, and new keys.
extension Connection {
    func changeKeys(_ operation: Operation, _ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let unlock = loop.services.unlock
        switch operation {
        case .slotRotate:
            let request: Request<SlotRotateRequest> = try decode(body)
            let handle = handle(of: wait(operation, id, request))
            try unlock.rotateSlot(caller, request.fields) { handle.finish($0) }
        case .slotRehearse:
            let request: Request<SlotRehearseRequest> = try decode(body)
            guard loop.policies.isAdministrator(uid) else { throw .denied }
            let handle = handle(of: wait(operation, id, request))
            try unlock.rehearse(uid: uid, caller.who, request.fields, now: loop.clock) { handle.finish($0) }
        case .rekeyRoot:
            let request: Request<RekeyRootRequest> = try decode(body)
            guard loop.policies.isAdministrator(uid) else { throw .denied }
            let handle = handle(of: wait(operation, id, request))
            try unlock.changeRoot(uid: uid, caller.who, request.fields, now: loop.clock) { handle.finish($0) }
        default:
            let request: Request<RekeyRequest> = try decode(body)
            let handle = handle(of: wait(operation, id, request))
            try unlock.rekey(caller, request.fields.act) { handle.finish($0) }
        }
    }
}
