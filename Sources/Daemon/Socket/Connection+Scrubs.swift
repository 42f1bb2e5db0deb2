import CofferAudit
import CofferWire

// Scrubs: the service does them in the background and says at once how they stand.
extension Connection {
    func scrub(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<ScrubRequest> = try decode(body)
        let act = request.fields.act
        let trail = loop.services.trail
        let answer: ScrubResponse
        do throws(Failure) {
            answer = try loop.services.scrubs.act(caller, act)
        } catch {
            trail.did(caller.who, .store, .scrub, result: error.code, note: "\(act)")
            throw error
        }
        // Whoever waits asks again and again: that it was begun says it all.
        if act != .state { trail.did(caller.who, .store, .scrub, note: "\(act)") }
        let pending = PendingRequest(id: id, operation: Operation.scrub.rawValue, shape: .single(Operation.scrub.rawValue))
        unfinished[id] = pending
        finish(pending, .success(answer))
    }
}
