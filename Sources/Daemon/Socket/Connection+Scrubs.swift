import CofferWire

// Scrubs: the service does them in the background and says at once how they stand.
extension Connection {
    func scrub(_ id: UInt32, _ body: UnsafeRawBufferPointer) throws(Failure) {
        let request: Request<ScrubRequest> = try decode(body)
        let answer = try loop.services.scrubs.act(caller, request.fields.act)
        let pending = PendingRequest(id: id, operation: Operation.scrub.rawValue, shape: .single(Operation.scrub.rawValue))
        unfinished[id] = pending
        finish(pending, .success(answer))
    }
}
